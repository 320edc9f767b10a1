#include "json/decimal.hpp"

#include <charconv>

namespace ws_pubsub {

namespace {

constexpr int64_t kMaxExponent = 1000000000;
// Longer runs of zeros are written as an exponent.
constexpr int64_t kMaxZeros = 40;

std::optional<int64_t> parse_exponent(std::string_view text)
{
    text.remove_prefix(text.starts_with('+') ? 1 : 0);
    int64_t exponent = 0;
    const auto result =
        std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (result.ec != std::errc() || exponent > kMaxExponent ||
        exponent < -kMaxExponent) {
        return std::nullopt;
    }
    return exponent;
}

void trim_zeros(Decimal& decimal)
{
    std::string& digits = decimal.digits;
    const size_t last = digits.find_last_not_of('0');
    if (last == std::string::npos) {
        decimal = {};
        return;
    }
    decimal.exponent += static_cast<int64_t>(digits.size() - last - 1);
    digits.resize(last + 1);
    digits.erase(0, digits.find_first_not_of('0'));
}

} // namespace

std::optional<Decimal> parse_decimal(std::string_view number)
{
    Decimal decimal;
    decimal.negative = number.starts_with('-');
    number.remove_prefix(decimal.negative ? 1 : 0);

    const size_t e = number.find_first_of("eE");
    if (e != std::string_view::npos) {
        const auto exponent = parse_exponent(number.substr(e + 1));
        if (!exponent) {
            return std::nullopt;
        }
        decimal.exponent = *exponent;
        number = number.substr(0, e);
    }
    const size_t point = number.find('.');
    decimal.digits = number.substr(0, point);
    if (point != std::string_view::npos) {
        const std::string_view fraction = number.substr(point + 1);
        decimal.digits += fraction;
        decimal.exponent -= static_cast<int64_t>(fraction.size());
    }
    trim_zeros(decimal);
    return decimal;
}

std::string decimal_text(const Decimal& decimal)
{
    if (decimal.digits.empty()) {
        return "0";
    }
    const auto count = static_cast<int64_t>(decimal.digits.size());
    const int64_t point = count + decimal.exponent; // digits before it
    std::string text(decimal.negative ? "-" : "");
    if (decimal.exponent >= 0 && decimal.exponent <= kMaxZeros) {
        text += decimal.digits;
        text.append(static_cast<size_t>(decimal.exponent), '0');
    } else if (decimal.exponent < 0 && point > 0) {
        text += decimal.digits;
        text.insert(text.end() + decimal.exponent, '.');
    } else if (decimal.exponent < 0 && point > -kMaxZeros) {
        text += "0.";
        text.append(static_cast<size_t>(-point), '0');
        text += decimal.digits;
    } else {
        text += decimal.digits[0];
        text += count > 1 ? "." : "";
        text += decimal.digits.substr(1);
        text += 'e';
        text += std::to_string(point - 1);
    }
    return text;
}

} // namespace ws_pubsub
