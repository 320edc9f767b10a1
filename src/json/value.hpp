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

// Parses the first JSON value of `text`; error.position is how long it is. Null
// if there is none that has a representation here. Whole numbers beyond 64
// bits become reals.
JsonValue parse_json(std::string_view text, size_t flags, json_error_t& error);

} // namespace ws_pubsub
