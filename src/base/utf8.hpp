// UTF-8 validation, over text that arrives in pieces.
//
// WebSocket text, close reasons and topic names must be valid UTF-8 (RFC 3629):
// the shortest form of each scalar value up to U+10FFFF, no surrogates. That
// language is regular: after a lead byte, how many continuation bytes follow
// and which range the first of them lies in is all there is to remember, so a
// text can be cut anywhere, even inside a character.
#pragma once

#include <cstdint>
#include <string_view>

namespace ws_pubsub {

// Invariant: the bytes fed so far are a prefix of some valid text, unless
// failed_.
class Utf8Validator {
public:
    // Takes the next bytes of the text. False at the first byte that cannot be
    // part of valid UTF-8 (so before the text ends: RFC 6455 section 8.1 lets
    // the connection fail at once), and from then on until reset().
    bool feed(std::string_view bytes);

    // Whether the text may end here: valid, and not inside a character.
    [[nodiscard]] bool complete() const { return !failed_ && pending_ == 0; }

    void reset() { *this = Utf8Validator(); }

private:
    bool feed_byte(uint8_t byte);

    uint8_t pending_ = 0;   // continuation bytes that must follow
    uint8_t lowest_ = 0x80; // the range of the next one
    uint8_t highest_ = 0xBF;
    bool failed_ = false;
};

// Whether the whole of `text` is valid UTF-8. The empty text is.
[[nodiscard]] bool is_utf8(std::string_view text);

} // namespace ws_pubsub
