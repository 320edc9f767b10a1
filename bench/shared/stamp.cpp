#include "shared/stamp.hpp"

namespace ws_bench {

namespace {

// Thirty-two characters in a row, none of them '"' or '\'.
constexpr unsigned char kZero = '^';
constexpr size_t kIndexChars = 6;
constexpr unsigned kBits = 5;
constexpr unsigned kMask = (1U << kBits) - 1;

void write_digits(char* out, size_t count, uint64_t value)
{
    for (size_t i = count; i > 0; i--) {
        out[i - 1] = static_cast<char>(kZero + (value & kMask));
        value >>= kBits;
    }
}

// `wrong` gets a bit above kMask for a character that is no digit.
uint64_t read_digits(const char* text, size_t count, unsigned& wrong)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        const unsigned digit = static_cast<unsigned char>(text[i]) - kZero;
        wrong |= digit;
        value = value << kBits | (digit & kMask);
    }
    return value;
}

} // namespace

void write_stamp(char* out, const Stamp& stamp)
{
    write_digits(out, kIndexChars, stamp.index);
    write_digits(out + kIndexChars, kStampBytes - kIndexChars,
                 static_cast<uint64_t>(stamp.sent_ns));
}

std::optional<Stamp> read_stamp(const char* text)
{
    unsigned wrong = 0;
    Stamp stamp{};
    stamp.index = read_digits(text, kIndexChars, wrong);
    stamp.sent_ns = static_cast<int64_t>(
        read_digits(text + kIndexChars, kStampBytes - kIndexChars, wrong));
    return wrong > kMask ? std::nullopt : std::optional(stamp);
}

} // namespace ws_bench
