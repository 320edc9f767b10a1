// Owns a jansson value, and asks it for what commands need.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <jansson.h>

namespace ws_pubsub {

struct JsonDeleter {
    void operator()(json_t* value) const { json_decref(value); }
};
using JsonValue = std::unique_ptr<json_t, JsonDeleter>;

inline std::string_view json_text(const json_t* string)
{
    return {json_string_value(string), json_string_length(string)};
}

// A whole number from 0 on; also where whole numbers were read as reals.
inline std::optional<uint64_t> json_whole(const json_t* value)
{
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        return static_cast<uint64_t>(json_integer_value(value));
    }
    constexpr double kExact = 9007199254740992.0; // 2^53
    if (json_is_real(value)) {
        const double real = json_real_value(value);
        if (real >= 0 && real <= kExact && std::trunc(real) == real) {
            return static_cast<uint64_t>(real);
        }
    }
    return std::nullopt;
}

// Parses the first JSON value of `text`; `used` is how long it is. Null if
// there is none. Whole numbers beyond 64 bits become reals.
inline JsonValue parse_json(std::string_view text, size_t flags, size_t& used)
{
    json_error_t error;
    JsonValue value(
        json_loadb(text.data(), text.size(), flags | JSON_ALLOW_NUL, &error));
    if (value == nullptr &&
        json_error_code(&error) == json_error_numeric_overflow) {
        value.reset(json_loadb(text.data(), text.size(),
                               flags | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL,
                               &error));
    }
    used = static_cast<size_t>(error.position);
    // jansson passes over a NUL behind a number, and does not count it.
    const bool whole = (flags & JSON_DISABLE_EOF_CHECK) == 0;
    if (text.substr(0, whole ? text.size() : used).find('\0') !=
        std::string_view::npos) {
        value.reset();
    }
    return value;
}

} // namespace ws_pubsub
