#include "ngx/ngx.hpp"

#include "module/snapshot_directive.hpp"

#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "module/arguments.hpp"
#include "module/config.hpp"
#include "ngx/guard.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

// The zone that has the file already; nullptr: none has.
const Zone* zone_of(const MainConf& conf, std::string_view path)
{
    for (const auto& [name, zone] : conf.zones) {
        if (zone->snapshot() != nullptr && zone->snapshot()->path() == path) {
            return zone.get();
        }
    }
    return nullptr;
}

char* add_snapshot(ngx_conf_t* cf, MainConf& conf)
{
    const Arguments arguments(cf);
    std::string_view name;
    ngx_str_t path = {0, nullptr};
    int64_t interval_ms = kDefaultSnapshotIntervalMs;
    for (size_t i = 1; i < arguments.count; i++) {
        if (const auto zone = value_of(arguments[i], "zone")) {
            name = *zone;
        } else if (const auto text = value_of(arguments[i], "interval")) {
            const auto time = parse_time(*text, TimeUnit::milliseconds,
                                         kMostSnapshotIntervalMs);
            if (!time) {
                return invalid(cf, arguments[i]);
            }
            interval_ms = *time;
        } else if (path.len == 0) {
            path = arguments[i];
        } else {
            return invalid(cf, arguments[i]);
        }
    }
    if (name.empty()) {
        return const_cast<char*>("needs \"zone=\"");
    }
    if (path.len == 0) {
        return const_cast<char*>("needs a path");
    }
    if (ngx_conf_full_name(cf->cycle, &path, 0) != NGX_OK) {
        return kConfError;
    }
    if (const Zone* other = zone_of(conf, view(path))) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the snapshot \"%V\" is that of the zone \"%s\"",
                           &path, other->name().c_str());
        return kConfError;
    }
    return conf.zone(name).keep_in(std::string(view(path)), interval_ms,
                                   conf.zones)
               ? NGX_CONF_OK
               : const_cast<char*>("is duplicate for its zone");
}

} // namespace

// ws_pubsub_snapshot zone=name path [interval=60s]
char* set_snapshot(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    return guarded(
        [&] { return add_snapshot(cf, *static_cast<MainConf*>(conf)); },
        kConfError);
}

} // namespace ws_pubsub
