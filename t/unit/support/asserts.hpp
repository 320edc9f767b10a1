// Asserts beyond cmocka's own; they report the caller's line.
#pragma once

#include <source_location>
#include <string_view>

#include "base/result.hpp"

namespace ws_pubsub {

void assert_text(std::string_view have, std::string_view wanted,
                 std::source_location at = std::source_location::current());

// The code of an error; 0: there is none.
template <class T>
int error_of(const Result<T>& result)
{
    return result ? 0 : static_cast<int>(result.error().code);
}

inline int code_of(Errc code)
{
    return static_cast<int>(code);
}

} // namespace ws_pubsub
