#include "ngx/ngx.hpp"

#include "module/own_server.hpp"

#include <algorithm>
#include <cstring>

#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

constexpr std::string_view kNoName = "localhost";

// A pattern, be it a wildcard or a regex, names nobody.
bool is_host_name(std::string_view name)
{
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
}

bool has_server(const ngx_http_conf_addr_t& address,
                const ngx_http_core_srv_conf_t* wanted)
{
    auto* const* servers =
        static_cast<ngx_http_core_srv_conf_t**>(address.servers.elts);
    return std::find(servers, servers + address.servers.nelts, wanted) !=
           servers + address.servers.nelts;
}

// Whoever asks from the same machine has asked for the loopback address.
void name_wildcard(sockaddr& address)
{
    if (address.sa_family == AF_INET) {
        auto& v4 = reinterpret_cast<sockaddr_in&>(address);
        if (v4.sin_addr.s_addr == INADDR_ANY) {
            v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        }
    }
#if (NGX_HAVE_INET6)
    if (address.sa_family == AF_INET6) {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
        if (IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr)) {
            v6.sin6_addr = in6addr_loopback;
        }
    }
#endif
}

} // namespace

void OwnServer::find_address(const ngx_http_core_main_conf_t& main)
{
    if (main.ports == nullptr) {
        return;
    }
    const auto* ports = static_cast<ngx_http_conf_port_t*>(main.ports->elts);
    for (ngx_uint_t i = 0; i < main.ports->nelts; i++) {
        const auto* addresses =
            static_cast<ngx_http_conf_addr_t*>(ports[i].addrs.elts);
        for (ngx_uint_t j = 0; j < ports[i].addrs.nelts; j++) {
            if (has_server(addresses[j], conf)) {
                address_size = addresses[j].opt.socklen;
                std::memcpy(&address, addresses[j].opt.sockaddr,
                            std::min<size_t>(address_size, sizeof(address)));
                name_wildcard(address.sockaddr);
                return;
            }
        }
    }
}

std::string_view OwnServer::host() const
{
    const std::string_view name = view(conf->server_name);
    return is_host_name(name) ? name : kNoName;
}

} // namespace ws_pubsub
