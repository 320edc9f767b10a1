#include "base/percent.hpp"

#include <charconv>

namespace ws_pubsub {

namespace {

constexpr char kNeverInUtf8 = '\xFF';

// The byte that two hex digits say.
char byte_of(std::string_view digits)
{
    unsigned char byte = 0;
    const char* end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, byte, 16);
    return digits.size() == 2 && result.ec == std::errc{} && result.ptr == end
               ? static_cast<char>(byte)
               : kNeverInUtf8;
}

bool is_unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_' ||
           c == '~';
}

} // namespace

std::string percent_decoded(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size(); at++) {
        if (text[at] != '%') {
            out += text[at];
            continue;
        }
        out += byte_of(text.substr(at + 1, 2));
        at += 2;
    }
    return out;
}

std::string percent_encoded(std::string_view text)
{
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (is_unreserved(c)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

} // namespace ws_pubsub
