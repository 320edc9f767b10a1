#include "support/apply_delta.hpp"

#include <cstdint>

namespace ws_pubsub {

namespace {

size_t read_number(std::string_view delta, size_t& at)
{
    constexpr std::string_view kDigits =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";
    size_t number = 0;
    while (at < delta.size() && kDigits.find(delta[at]) != kDigits.npos) {
        number = number * 64 + kDigits.find(delta[at++]);
    }
    return number;
}

uint32_t sum_of(std::string_view text)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < text.size(); i++) {
        sum += uint32_t{static_cast<uint8_t>(text[i])} << (24 - i % 4 * 8);
    }
    return sum;
}

} // namespace

bool apply_delta(std::string& out, std::string_view base,
                 std::string_view delta)
{
    size_t at = 0;
    const size_t size = read_number(delta, at);
    if (at >= delta.size() || delta[at++] != '\n') {
        return false;
    }
    while (at < delta.size()) {
        const size_t number = read_number(delta, at);
        switch (at < delta.size() ? delta[at++] : '\0') {
        case '@': {
            const size_t from = read_number(delta, at);
            if (from > base.size() || number > base.size() - from ||
                at >= delta.size() || delta[at++] != ',') {
                return false;
            }
            out += base.substr(from, number);
            break;
        }
        case ':':
            if (number > delta.size() - at) {
                return false;
            }
            out += delta.substr(at, number);
            at += number;
            break;
        case ';':
            return at == delta.size() && out.size() == size &&
                   sum_of(out) == number;
        default:
            return false;
        }
    }
    return false;
}

} // namespace ws_pubsub
