// What is put around words in the answer to an HTTP request that goes on and
// on: events of the EventSource standard (WHATWG HTML, "Server-sent events"),
// or lines of JSON.
//
// Beside the words there may be the name of an event, and a cursor. What comes
// before a frame was written is not known when it is made for many: so a frame
// may be left open, for whoever writes it to say how far the reader has come.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/cursor.hpp"
#include "wire/framing.hpp"

namespace ws_pubsub {

class StreamFraming : public Framing {
public:
    // Of the next words alone.
    void set_event(std::string_view event) { event_ = event; } // else a message
    void set_cursor(const Cursor& cursor) { cursor_ = cursor; }
    // Of the next frame alone: its last words are left open, and have no
    // cursor.
    void leave_open() { open_ = true; }

    void add(Kind kind, std::string_view words, bool deflate) final;
    FrameRef take(uint32_t messages) final;

    // Ends an open frame.
    virtual void append_end(std::string& out,
                            const std::optional<Cursor>& cursor) const = 0;
    // That the connection is there.
    [[nodiscard]] virtual std::string_view sign_of_life() const = 0;

protected:
    // Words without their end.
    virtual void append(std::string& out, std::string_view event, Kind kind,
                        std::string_view words) = 0;

private:
    std::string_view event_;
    std::optional<Cursor> cursor_;
    std::optional<Cursor> last_cursor_; // of the words that have no end yet
    bool has_words_ = false;            // there are such
    bool open_ = false;
};

class EventFraming final : public StreamFraming {
public:
    void append_end(std::string& out,
                    const std::optional<Cursor>& cursor) const override;
    [[nodiscard]] std::string_view sign_of_life() const override
    {
        return ":\n\n";
    }

protected:
    // Each line of the words is one of data. Binary ones are an event b64.
    void append(std::string& out, std::string_view event, Kind kind,
                std::string_view words) override;
};

// REQUIRES: words are objects of JSON.
class LineFraming final : public StreamFraming {
public:
    void append_end(std::string& out,
                    const std::optional<Cursor>& cursor) const override;
    [[nodiscard]] std::string_view sign_of_life() const override
    {
        return "\n";
    }

protected:
    void append(std::string& out, std::string_view event, Kind kind,
                std::string_view words) override;
};

} // namespace ws_pubsub
