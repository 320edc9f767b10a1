// Appends JSON to a text, with the commas and quotes that belong there.
//
// Whether a comma is due, the text itself tells: before all that does not begin
// an object, an array, a member's value or a line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "json/text.hpp"

namespace ws_pubsub {

class JsonWriter {
public:
    // The text outlives it.
    explicit JsonWriter(std::string& out) : out_(out) {}

    JsonWriter& begin_object() { return begin('{'); }
    JsonWriter& end_object() { return end('}'); }
    JsonWriter& begin_array() { return begin('['); }
    JsonWriter& end_array() { return end(']'); }

    // Of the member whose value follows. REQUIRES: nothing in it needs an
    // escape.
    JsonWriter& name(std::string_view name)
    {
        separate();
        out_ += '"';
        out_ += name;
        out_ += "\":";
        return *this;
    }

    JsonWriter& string(std::string_view text)
    {
        separate();
        append_json_string(out_, text);
        return *this;
    }
    JsonWriter& number(uint64_t number)
    {
        separate();
        append_number(out_, number);
        return *this;
    }
    JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
    // JSON as it is: a value, or members.
    JsonWriter& raw(std::string_view json)
    {
        separate();
        out_ += json;
        return *this;
    }

    // Members that need no more than a comma: for append_position() and its
    // like.
    template <class Append, class... Arguments>
    JsonWriter& members(Append&& append, Arguments&&... arguments)
    {
        separate();
        append(out_, std::forward<Arguments>(arguments)...);
        return *this;
    }

private:
    JsonWriter& begin(char bracket)
    {
        separate();
        out_ += bracket;
        return *this;
    }
    JsonWriter& end(char bracket)
    {
        out_ += bracket;
        return *this;
    }
    void separate()
    {
        if (!out_.empty() && std::string_view("{[:\n").find(out_.back()) ==
                                 std::string_view::npos) {
            out_ += ',';
        }
    }

    std::string& out_;
};

} // namespace ws_pubsub
