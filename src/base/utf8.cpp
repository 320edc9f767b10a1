// The table is Unicode 15, table 3-7, "Well-Formed UTF-8 Byte Sequences".
#include "base/utf8.hpp"

#include <cstddef>
#include <cstring>

namespace ws_pubsub {
namespace {

// How many bytes at the front of `bytes` are ASCII for sure: a multiple of 8.
size_t ascii_words(std::string_view bytes)
{
    constexpr uint64_t kHighBits = 0x8080808080808080;
    size_t length = 0;
    uint64_t word = 0;
    while (bytes.size() - length >= sizeof(word)) {
        std::memcpy(&word, bytes.data() + length, sizeof(word));
        if ((word & kHighBits) != 0) {
            break;
        }
        length += sizeof(word);
    }
    return length;
}

} // namespace

bool Utf8Validator::feed(std::string_view bytes)
{
    size_t at = 0;
    while (!failed_ && at < bytes.size()) {
        if (pending_ == 0) {
            at += ascii_words(bytes.substr(at));
            if (at == bytes.size()) {
                break;
            }
        }
        // A run without a whole ASCII word: byte by byte up to the next word.
        const size_t stop = bytes.size() - at > 8 ? at + 8 : bytes.size();
        while (at < stop && feed_byte(static_cast<uint8_t>(bytes[at]))) {
            ++at;
        }
    }
    return !failed_;
}

// False, and failed_ set, when `byte` can't come next.
bool Utf8Validator::feed_byte(uint8_t byte)
{
    if (pending_ > 0) {
        failed_ = byte < lowest_ || byte > highest_;
        lowest_ = 0x80;
        highest_ = 0xBF;
        --pending_;
    } else if (byte >= 0xC2 && byte <= 0xDF) {
        pending_ = 1;
    } else if (byte >= 0xE0 && byte <= 0xEF) {
        pending_ = 2;
        lowest_ = byte == 0xE0 ? 0xA0 : 0x80;  // overlong below
        highest_ = byte == 0xED ? 0x9F : 0xBF; // surrogates above
    } else if (byte >= 0xF0 && byte <= 0xF4) {
        pending_ = 3;
        lowest_ = byte == 0xF0 ? 0x90 : 0x80;  // overlong below
        highest_ = byte == 0xF4 ? 0x8F : 0xBF; // beyond U+10FFFF above
    } else {
        failed_ = byte >= 0x80;
    }
    return !failed_;
}

bool is_utf8(std::string_view text)
{
    Utf8Validator validator;
    return validator.feed(text) && validator.complete();
}

} // namespace ws_pubsub
