#include "base/base64.hpp"

#include <array>
#include <cstdint>

namespace ws_pubsub {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kInvalid = 0xff;

// The alphabet for URLs differs in the last two.
constexpr std::string_view kUrlEnds = "-_";

constexpr std::array<uint8_t, 256> make_values(std::string_view ends)
{
    std::array<uint8_t, 256> values{};
    values.fill(kInvalid);
    for (size_t i = 0; i < kAlphabet.size(); i++) {
        const char c = i < 62 ? kAlphabet[i] : ends[i - 62];
        values[static_cast<uint8_t>(c)] = static_cast<uint8_t>(i);
    }
    return values;
}

using Values = std::array<uint8_t, 256>;
constexpr Values kValues = make_values(kAlphabet.substr(62));
constexpr Values kUrlValues = make_values(kUrlEnds);

// Of text without its padding.
std::optional<std::string> decode(std::string_view text, const Values& values)
{
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    uint32_t bits = 0;
    unsigned have = 0;
    for (const char c : text) {
        const uint8_t value = values[static_cast<uint8_t>(c)];
        if (value == kInvalid) {
            return std::nullopt;
        }
        bits = (bits << 6 | value) & 0xffffff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            bytes += static_cast<char>(bits >> have);
        }
    }
    if ((bits & ((1U << have) - 1)) != 0) {
        return std::nullopt;
    }
    return bytes;
}

uint32_t byte_at(std::string_view bytes, size_t i)
{
    return i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0;
}

} // namespace

void append_base64(std::string& out, std::string_view bytes)
{
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const uint32_t group = byte_at(bytes, i) << 16 |
                               byte_at(bytes, i + 1) << 8 |
                               byte_at(bytes, i + 2);
        const size_t have = bytes.size() - i;
        out += kAlphabet[group >> 18];
        out += kAlphabet[group >> 12 & 63];
        out += have > 1 ? kAlphabet[group >> 6 & 63] : '=';
        out += have > 2 ? kAlphabet[group & 63] : '=';
    }
}

std::optional<std::string> decode_base64(std::string_view text)
{
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    size_t padding = 0;
    while (padding < 2 && text.ends_with('=')) {
        text.remove_suffix(1);
        padding++;
    }
    return decode(text, kValues);
}

std::optional<std::string> decode_base64url(std::string_view text)
{
    if (text.size() % 4 == 1) {
        return std::nullopt;
    }
    return decode(text, kUrlValues);
}

} // namespace ws_pubsub
