#include "wire/stream_framing.hpp"

#include <algorithm>
#include <utility>

#include "base/base64.hpp"

namespace ws_pubsub {

namespace {

// Lines end with CR, LF, or both. Each kind of end is looked for by itself, and
// once: to look for either, byte by byte, costs more than all else of an event.
template <class Take>
void each_line(std::string_view text, Take take)
{
    size_t begin = 0;
    size_t cr = text.find('\r');
    size_t lf = text.find('\n');
    for (;;) {
        const size_t end = std::min(cr, lf);
        take(text.substr(begin, end - begin));
        if (end == std::string_view::npos) {
            return;
        }
        begin = end + (end == cr && lf == cr + 1 ? 2 : 1);
        if (cr < begin) {
            cr = text.find('\r', begin);
        }
        if (lf < begin) {
            lf = text.find('\n', begin);
        }
    }
}

} // namespace

void StreamFraming::add(Kind kind, std::string_view words, bool /*deflate*/)
{
    if (bytes().empty()) {
        has_words_ = false; // memory may have run out amid the last frame
    }
    if (has_words_) {
        append_end(bytes(), last_cursor_);
    }
    append(bytes(), std::exchange(event_, {}), kind, words);
    last_cursor_ = std::exchange(cursor_, std::nullopt);
    has_words_ = true;
}

FrameRef StreamFraming::take(uint32_t messages)
{
    if (bytes().empty()) {
        return {};
    }
    const bool open = std::exchange(open_, false);
    if (!open) {
        append_end(bytes(), last_cursor_);
    }
    has_words_ = false;
    return Framing::take(messages, open);
}

void EventFraming::append(std::string& out, std::string_view event, Kind kind,
                          std::string_view words)
{
    std::string encoded;
    if (kind == Kind::binary) {
        append_base64(encoded, words);
        words = encoded;
        event = "b64";
    }
    if (!event.empty()) {
        out += "event: ";
        out += event;
        out += '\n';
    }
    each_line(words, [&](std::string_view line) {
        out += "data: ";
        out += line;
        out += '\n';
    });
}

void EventFraming::append_end(std::string& out,
                              const std::optional<Cursor>& cursor) const
{
    if (cursor) {
        out += "id: ";
        out += cursor_text(*cursor);
        out += '\n';
    }
    out += '\n';
}

// Between the tokens of JSON a line break is a blank, and within them is none.
void LineFraming::append(std::string& out, std::string_view /*event*/,
                         Kind /*kind*/, std::string_view words)
{
    const size_t begin = out.size();
    out += words.substr(0, words.size() - 1);
    std::replace_if(
        out.begin() + static_cast<ptrdiff_t>(begin), out.end(),
        [](char c) { return c == '\n' || c == '\r'; }, ' ');
}

void LineFraming::append_end(std::string& out,
                             const std::optional<Cursor>& cursor) const
{
    if (cursor) {
        out += ",\"cursor\":\"";
        out += cursor_text(*cursor);
        out += '"';
    }
    out += "}\n";
}

} // namespace ws_pubsub
