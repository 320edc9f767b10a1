// Numbers of JSON as decimals of any size, so that none is rounded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ws_pubsub {

// digits * 10^exponent. Invariant: no zero at either end of `digits`; zero has
// none, and no sign.
struct Decimal {
    bool negative = false;
    std::string digits;
    int64_t exponent = 0;

    bool operator==(const Decimal&) const = default;
};

// nullopt when the exponent is beyond a billion. REQUIRES: `number` is a JSON
// number (RFC 8259 section 6).
std::optional<Decimal> parse_decimal(std::string_view number);

// The JSON number; the same text for the same value.
std::string decimal_text(const Decimal& decimal);

} // namespace ws_pubsub
