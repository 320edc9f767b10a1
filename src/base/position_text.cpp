#include "base/position_text.hpp"

#include <charconv>

namespace ws_pubsub {

namespace {

constexpr int kEpochBase = 36;
constexpr size_t kMaxEpochDigits = 13; // of 64 bits

std::optional<uint64_t> parse(std::string_view text, int base)
{
    uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value, base);
    if (result.ec != std::errc{} || result.ptr != end) {
        return std::nullopt;
    }
    return value;
}

} // namespace

std::string epoch_text(uint64_t epoch)
{
    // Not std::to_chars(): dividing by a base that it knows only when it runs
    // takes it several times as long.
    char buffer[kMaxEpochDigits];
    char* const end = buffer + sizeof(buffer);
    char* begin = end;
    do {
        *--begin = "0123456789abcdefghijklmnopqrstuvwxyz"[epoch % kEpochBase];
        epoch /= kEpochBase;
    } while (epoch != 0);
    return {begin, end};
}

std::optional<uint64_t> parse_epoch(std::string_view text)
{
    const auto epoch = parse(text, kEpochBase);
    return epoch && *epoch != 0 ? epoch : std::nullopt;
}

std::string position_text(const Position& position)
{
    return epoch_text(position.epoch) + '.' + std::to_string(position.seq);
}

std::optional<Position> parse_position(std::string_view text)
{
    const size_t dot = text.find('.');
    if (dot == std::string_view::npos) {
        return std::nullopt;
    }
    const auto epoch = parse_epoch(text.substr(0, dot));
    const auto seq = parse_number(text.substr(dot + 1));
    if (!epoch || !seq) {
        return std::nullopt;
    }
    return Position{*epoch, *seq};
}

std::optional<uint64_t> parse_number(std::string_view text)
{
    return parse(text, 10);
}

} // namespace ws_pubsub
