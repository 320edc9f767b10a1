// The result of a run: one flat JSON object.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ws_bench {

class JsonObject {
public:
    template <class Number>
    requires std::integral<Number> || std::floating_point<Number>
    void add(std::string_view name, Number value)
    {
        add_name(name);
        append(value);
    }

    void add(std::string_view name, const std::vector<int64_t>& values)
    {
        add_name(name);
        text_ += '[';
        for (const int64_t value : values) {
            text_ += text_.ends_with('[') ? "" : ",";
            append(value);
        }
        text_ += ']';
    }

    // `value` needs no escapes.
    void add(std::string_view name, std::string_view value)
    {
        add_name(name);
        (text_ += '"').append(value) += '"';
    }

    [[nodiscard]] std::string text() const { return text_ + "}"; }

private:
    void add_name(std::string_view name)
    {
        text_ += text_.size() > 1 ? ",\"" : "\"";
        text_.append(name) += "\":";
    }

    template <class Number>
    void append(Number value)
    {
        std::array<char, 40> digits{};
        char* const end =
            std::to_chars(digits.begin(), digits.end(), value).ptr;
        text_.append(digits.begin(), end);
    }

    std::string text_ = "{";
};

} // namespace ws_bench
