#include "ngx/ngx.hpp"

#include "redis/host.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <arpa/inet.h>

#include "ngx/text.hpp"

namespace ws_pubsub::redis {

namespace {

// nullptr: there is none. (nginx has one without servers in its place)
ngx_resolver_t* resolver_of(ngx_conf_t* cf)
{
    const auto* core = static_cast<ngx_http_core_loc_conf_t*>(
        ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    return core->resolver == nullptr || core->resolver->connections.nelts == 0
               ? nullptr
               : core->resolver;
}

// An address as a text, brackets around that of IPv6. 0: it is none.
socklen_t read_address(const std::string& text, in_port_t port,
                       ngx_sockaddr_t& address)
{
    sockaddr_in& v4 = address.sockaddr_in;
    if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        return sizeof(v4);
    }
#if (NGX_HAVE_INET6)
    sockaddr_in6& v6 = address.sockaddr_in6;
    if (text.starts_with('[') && text.ends_with(']') &&
        inet_pton(AF_INET6, text.substr(1, text.size() - 2).c_str(),
                  &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        return sizeof(v6);
    }
#endif
    return 0;
}

} // namespace

std::string Host::prepare(ngx_conf_t* cf)
{
    resolver_ = resolver_of(cf);
    ngx_url_t url{};
    url.url = copy(cf->pool, place_.text());
    url.no_resolve = resolver_ != nullptr;
    if (url.url.data == nullptr || ngx_parse_url(cf->pool, &url) != NGX_OK) {
        return url.err == nullptr ? "no memory" : url.err;
    }
    addresses_.clear();
    for (ngx_uint_t i = 0; i < url.naddrs; i++) {
        Address& one = addresses_.emplace_back();
        one.size =
            std::min<socklen_t>(url.addrs[i].socklen, sizeof(one.sockaddr));
        std::memcpy(&one.sockaddr, url.addrs[i].sockaddr, one.size);
    }
    return {};
}

Host Host::elsewhere(Place place) const
{
    Host other(std::move(place));
    other.resolver_ = resolver_;
    Address address;
    address.size =
        read_address(other.place_.host, other.place_.port, address.sockaddr);
    if (address.size != 0) {
        other.addresses_.push_back(address);
    }
    return other;
}

} // namespace ws_pubsub::redis
