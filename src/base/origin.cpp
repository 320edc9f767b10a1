#include "base/origin.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

namespace ws_pubsub {

namespace {

constexpr std::string_view kAuthority = "://";
constexpr std::string_view kNull = "null";
constexpr std::string_view kAnyLabels = "*.";

std::string in_small_letters(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::string_view usual_port(std::string_view scheme)
{
    return scheme == "http" || scheme == "ws"     ? "80"
           : scheme == "https" || scheme == "wss" ? "443"
                                                  : "";
}

// As browsers write it: no more than 65535, and without zeroes before it.
bool is_port(std::string_view text)
{
    uint32_t number = 0;
    const char* end = text.data() + text.size();
    const auto [read, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && read == end && text.front() != '0' &&
           number <= UINT16_MAX;
}

bool is_scheme(std::string_view text)
{
    return !text.empty() &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.") ==
               text.npos;
}

// Letters of a host that could be taken for something else.
bool is_host(std::string_view text)
{
    if (text.starts_with('[')) {
        return text.size() > 2 && text.ends_with(']') &&
               text.find_first_not_of("[]:.0123456789abcdef") == text.npos;
    }
    return !text.empty() &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") ==
               text.npos;
}

// Takes `:port` off; empty: there was none, or it is the scheme's own.
std::string take_port(std::string_view& host, std::string_view scheme)
{
    const size_t colon = host.rfind(':');
    if (colon == host.npos || !is_port(host.substr(colon + 1))) {
        return {};
    }
    const std::string_view port = host.substr(colon + 1);
    host = host.substr(0, colon);
    return port == usual_port(scheme) ? std::string{} : std::string(port);
}

} // namespace

std::optional<Origin> Origin::parse(std::string_view text)
{
    const std::string lower = in_small_letters(text);
    std::string_view rest = lower;
    const size_t colon = rest.find(kAuthority);
    if (colon == rest.npos) {
        return std::nullopt;
    }
    Origin origin;
    origin.scheme = rest.substr(0, colon);
    rest.remove_prefix(colon + kAuthority.size());
    origin.port = take_port(rest, origin.scheme);
    origin.host = rest;
    if (!is_scheme(origin.scheme) || !is_host(origin.host)) {
        return std::nullopt;
    }
    return origin;
}

bool Origin::is_of(std::string_view host_header) const
{
    const std::string lower = in_small_letters(host_header);
    std::string_view asked = lower;
    const std::string asked_port = take_port(asked, scheme);
    return asked == host && asked_port == port;
}

bool OriginRules::add(std::string_view text)
{
    bool* const word = text == "any"    ? &any_
                       : text == "same" ? &same_
                       : text == kNull  ? &null_
                                        : nullptr;
    if (word != nullptr) {
        return !std::exchange(*word, true);
    }
    Listed listed;
    std::string plain(text);
    const size_t host = plain.find(kAuthority);
    if (host != std::string::npos &&
        plain.substr(host + kAuthority.size()).starts_with(kAnyLabels)) {
        listed.subdomains = true;
        plain.erase(host + kAuthority.size(), kAnyLabels.size());
    }
    const auto origin = Origin::parse(plain);
    if (!origin) {
        return false;
    }
    listed.origin = *origin;
    listed_.push_back(std::move(listed));
    return true;
}

bool OriginRules::allow(std::string_view origin,
                        std::string_view host_header) const
{
    if (any_ || origin.empty()) {
        return true;
    }
    if (origin == kNull) {
        return null_;
    }
    const auto page = Origin::parse(origin);
    return page && ((same_ && page->is_of(host_header)) || lists(*page));
}

bool OriginRules::lists(const Origin& origin) const
{
    return std::any_of(
        listed_.begin(), listed_.end(), [&origin](const Listed& listed) {
            if (!listed.subdomains) {
                return listed.origin == origin;
            }
            return listed.origin.scheme == origin.scheme &&
                   listed.origin.port == origin.port &&
                   origin.host.ends_with('.' + listed.origin.host) &&
                   origin.host.size() > listed.origin.host.size() + 1;
        });
}

} // namespace ws_pubsub
