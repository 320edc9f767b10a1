#include "http/arguments.hpp"

#include "base/limits.hpp"
#include "base/percent.hpp"
#include "base/position_text.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

std::optional<std::string> argument(ngx_http_request_t* r,
                                    std::string_view name)
{
    ngx_str_t raw;
    auto* data = reinterpret_cast<u_char*>(const_cast<char*>(name.data()));
    if (ngx_http_arg(r, data, name.size(), &raw) != NGX_OK) {
        return std::nullopt;
    }
    return percent_decoded(view(raw));
}

std::optional<PageLimits> limit_argument(ngx_http_request_t* r)
{
    PageLimits limits{0, kMaxPageBytes};
    const auto text = argument(r, "limit");
    if (text) {
        limits.items = parse_number(*text).value_or(0);
        if (limits.items < 1 || limits.items > kMaxPageItems) {
            return std::nullopt;
        }
    }
    return limits;
}

std::optional<Selector> select_argument(ngx_http_request_t* r)
{
    const auto text = argument(r, "select");
    return text ? Selector::parse(*text) : std::nullopt;
}

} // namespace ws_pubsub
