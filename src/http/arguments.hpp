// The query arguments of the API. Those that it does not know are left to
// others: nginx's configuration may use them.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string>
#include <string_view>

#include "base/topic.hpp"
#include "proto/pages.hpp"

namespace ws_pubsub {

// Percent-decoded; nullopt if it is not there.
std::optional<std::string> argument(ngx_http_request_t* r,
                                    std::string_view name);

// How long a page may be, by `limit`; nullopt if that is no good one.
inline constexpr std::string_view kBadLimit =
    "limit must be a number from 1 to 1000";
std::optional<PageLimits> limit_argument(ngx_http_request_t* r);

// The selector of `select`; nullopt if there is none, or no good one.
std::optional<Selector> select_argument(ngx_http_request_t* r);

} // namespace ws_pubsub
