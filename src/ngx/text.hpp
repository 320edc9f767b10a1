// Between nginx's strings and ours.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

namespace ws_pubsub {

inline std::string_view view(const ngx_str_t& text)
{
    return {reinterpret_cast<const char*>(text.data), text.len};
}

// A copy in the pool; null data when there is no memory.
inline ngx_str_t copy(ngx_pool_t* pool, std::string_view text)
{
    ngx_str_t result = ngx_null_string;
    // One byte at least: an empty allocation may be null.
    auto* data = static_cast<u_char*>(ngx_pnalloc(pool, text.size() + 1));
    if (data != nullptr) {
        text.copy(reinterpret_cast<char*>(data), text.size());
        result.data = data;
        result.len = text.size();
    }
    return result;
}

} // namespace ws_pubsub
