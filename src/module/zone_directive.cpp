#include "ngx/ngx.hpp"

#include "module/zone_directive.hpp"

#include <optional>
#include <string_view>

#include "base/limits.hpp"
#include "base/position_text.hpp"
#include "module/arguments.hpp"
#include "module/config.hpp"
#include "ngx/guard.hpp"

namespace ws_pubsub {

namespace {

// Of `25%`: 25; nullopt if it is something else.
std::optional<uint32_t> parse_percent(std::string_view text)
{
    if (!text.ends_with('%')) {
        return std::nullopt;
    }
    text.remove_suffix(1);
    const auto number = parse_number(text);
    if (!number || *number == 0 || *number > 100) {
        return std::nullopt;
    }
    return static_cast<uint32_t>(*number);
}

// [subscribers=percent] [keys=percent]
char* set_shares(ngx_conf_t* cf, SharePercents& shares)
{
    const Arguments arguments(cf);
    for (size_t i = 2; i < arguments.count; i++) {
        const auto subscribers = value_of(arguments[i], "subscribers");
        const auto keys = value_of(arguments[i], "keys");
        const auto percent = parse_percent(subscribers ? *subscribers
                                           : keys      ? *keys
                                                       : "");
        if (!percent) {
            return invalid(cf, arguments[i]);
        }
        (subscribers ? shares.subscribers : shares.keys) = *percent;
    }
    if (shares.subscribers + kKeyShares * shares.keys > kMaxSharesPercent) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "subscribers=%ui%% and twice keys=%ui%% are more "
                           "than %ui%% of the zone: the rest is for messages",
                           ngx_uint_t{shares.subscribers},
                           ngx_uint_t{shares.keys},
                           ngx_uint_t{kMaxSharesPercent});
        return kConfError;
    }
    return NGX_CONF_OK;
}

} // namespace

// ws_pubsub_zone name:size [subscribers=percent] [keys=percent]
char* set_zone(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    const Arguments arguments(cf);
    const std::string_view text = view(arguments[1]);
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) {
        return invalid(cf, arguments[1]);
    }
    ngx_str_t name = {colon, arguments[1].data};
    const auto size = parse_size(text.substr(colon + 1));
    if (!size) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid zone size \"%V\"",
                           &arguments[1]);
        return kConfError;
    }
    SharePercents shares;
    char* rc = set_shares(cf, shares);
    if (rc != NGX_CONF_OK) {
        return rc;
    }
    return guarded(
        [&] {
            return static_cast<MainConf*>(conf)
                ->zone(view(name))
                .define(cf, name, *size, shares);
        },
        kConfError);
}

} // namespace ws_pubsub
