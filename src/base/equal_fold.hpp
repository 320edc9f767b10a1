// Names that are the same in any case.
#pragma once

#include <algorithm>
#include <string_view>

namespace ws_pubsub {

// Whether both are the same, but for the case of ASCII letters.
inline bool equal_fold(std::string_view a, std::string_view b)
{
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(
        a.begin(), a.end(), b.begin(), b.end(),
        [lower](char one, char other) { return lower(one) == lower(other); });
}

} // namespace ws_pubsub
