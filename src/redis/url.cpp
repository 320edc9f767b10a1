#include "redis/url.hpp"

#include <algorithm>
#include <charconv>

namespace ws_pubsub::redis {

namespace {

constexpr uint16_t kPort = 6379;
constexpr uint16_t kSentinelPort = 26379;
constexpr unsigned kMaxDatabase = 65535;
constexpr size_t kMaxHostBytes = 255;
constexpr size_t kMaxPathBytes = 107; // of a sockaddr_un
constexpr size_t kMaxSentinels = 16;

Error bad(std::string_view message)
{
    return {Errc::bad_request, message};
}

bool cut(std::string_view& text, std::string_view prefix)
{
    const bool has = text.starts_with(prefix);
    text.remove_prefix(has ? prefix.size() : 0);
    return has;
}

bool is_host(std::string_view host)
{
    if (cut(host, "[")) {
        return host.size() > 2 && host.ends_with(']') &&
               std::all_of(host.begin(), host.end() - 1, [](char c) {
                   return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
                          (c >= 'A' && c <= 'F') || c == ':' || c == '.';
               });
    }
    return !host.empty() && host.size() <= kMaxHostBytes &&
           std::all_of(host.begin(), host.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      (c >= '0' && c <= '9') || c == '.' || c == '-' ||
                      c == '_';
           });
}

// False: it is no number from `least` to `most`.
template <class T>
bool read_number(std::string_view text, T least, T most, T& number)
{
    const char* const end = text.data() + text.size();
    const auto [behind, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && behind == end && number >= least &&
           number <= most;
}

Result<Place> read_place(std::string_view text, uint16_t port)
{
    Place place;
    place.port = port;
    const size_t host_end = text.starts_with('[') ? text.find(']') : 0;
    const size_t colon = host_end == std::string_view::npos
                             ? host_end
                             : text.find(':', host_end);
    const std::string_view host = text.substr(0, colon);
    if (!is_host(host)) {
        return bad(host.empty() ? "there is no host" : "that is no host");
    }
    place.host = host;
    if (colon != std::string_view::npos &&
        !read_number<uint16_t>(text.substr(colon + 1), 1, 65535, place.port)) {
        return bad("the port is no number from 1 to 65535");
    }
    return place;
}

Result<Url> read_server(std::string_view text, bool has_tls)
{
    const size_t slash = text.find('/');
    Url url;
    url.has_tls = has_tls;
    if (slash != std::string_view::npos && slash + 1 < text.size() &&
        !read_number(text.substr(slash + 1), 0U, kMaxDatabase, url.database)) {
        return bad("the database is no number");
    }
    Result<Place> place = read_place(text.substr(0, slash), kPort);
    if (!place) {
        return place.error();
    }
    url.places.push_back(std::move(*place));
    return url;
}

Result<Url> read_socket(std::string_view path)
{
    if (!path.starts_with('/') || path.size() > kMaxPathBytes) {
        return bad("that is no path of a socket");
    }
    Url url;
    url.places.push_back({{}, 0, std::string(path)});
    return url;
}

Result<Url> read_sentinel(std::string_view text)
{
    const size_t slash = text.find('/');
    Url url;
    url.master = slash == std::string_view::npos ? std::string_view{}
                                                 : text.substr(slash + 1);
    if (url.master.empty()) {
        return bad("there is no master's name");
    }
    std::string_view list = text.substr(0, slash);
    while (true) {
        const size_t comma = list.find(',');
        Result<Place> place = read_place(list.substr(0, comma), kSentinelPort);
        if (!place) {
            return place.error();
        }
        url.places.push_back(std::move(*place));
        if (comma == std::string_view::npos) {
            return url;
        }
        if (url.places.size() == kMaxSentinels) {
            return bad("there are too many sentinels");
        }
        list.remove_prefix(comma + 1);
    }
}

} // namespace

std::string Place::text() const
{
    return host.empty() ? "unix:" + path : host + ":" + std::to_string(port);
}

Result<Url> read_url(std::string_view text)
{
    if (text.find('@') != std::string_view::npos &&
        text.find("://") != std::string_view::npos) {
        return bad("user and password have parameters of their own");
    }
    if (cut(text, "redis://")) {
        return read_server(text, false);
    }
    if (cut(text, "rediss://")) {
        return read_server(text, true);
    }
    if (cut(text, "unix:")) {
        return read_socket(text);
    }
    if (cut(text, "sentinel://")) {
        return read_sentinel(text);
    }
    return bad(
        "it begins with none of redis://, rediss://, unix:, sentinel://");
}

} // namespace ws_pubsub::redis
