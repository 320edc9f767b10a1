#include "redis/replication.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace ws_pubsub::redis {

namespace {

// The value of the first line of that name; empty: there is none.
std::string_view value_of(std::string_view info, std::string_view name)
{
    while (!info.empty()) {
        const std::string_view line = info.substr(0, info.find('\n'));
        info.remove_prefix(std::min(line.size() + 1, info.size()));
        if (line.starts_with(name) && line.substr(name.size(), 1) == ":") {
            const std::string_view value = line.substr(name.size() + 1);
            return value.substr(0, value.find('\r'));
        }
    }
    return {};
}

} // namespace

Replication read_replication(std::string_view info)
{
    const std::string_view role = value_of(info, "role");
    return {role.empty() || role == "master", value_of(info, "master_replid")};
}

Place place_of(std::string_view host, uint16_t port)
{
    const bool is_bare =
        host.find(':') != std::string_view::npos && !host.starts_with('[');
    return {
        is_bare ? "[" + std::string(host) + "]" : std::string(host), port, {}};
}

std::optional<Place> read_moved(std::string_view error, const Place& asked)
{
    constexpr std::string_view kBegin = "MOVED ";
    const size_t blank = error.find(' ', kBegin.size());
    if (!error.starts_with(kBegin) || blank == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view address = error.substr(blank + 1);
    const size_t colon = address.rfind(':');
    uint16_t port = 0;
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const char* const end = address.data() + address.size();
    const auto [behind, fault] =
        std::from_chars(address.data() + colon + 1, end, port);
    if (fault != std::errc() || behind != end || port == 0) {
        return std::nullopt;
    }
    const std::string_view host = address.substr(0, colon);
    if (!host.empty() && host != "?") {
        return place_of(host, port);
    }
    Place place = asked;
    place.port = port;
    return place.host.empty() ? std::nullopt : std::optional(place);
}

} // namespace ws_pubsub::redis
