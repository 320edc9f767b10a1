#include "ngx/ngx.hpp"

#include "redis/server.hpp"

#include <utility>

namespace ws_pubsub::redis {

namespace {

std::string prepare_one(ngx_conf_t* cf, Host& host)
{
    const std::string error = host.prepare(cf);
    return error.empty() ? error : error + ": " + host.place().text();
}

} // namespace

std::string Server::prepare(ngx_conf_t* cf)
{
    if (!sentinels) {
        return prepare_one(cf, host);
    }
    for (Host& one : sentinels->hosts) {
        std::string error = prepare_one(cf, one);
        if (!error.empty()) {
            return error;
        }
    }
    return {};
}

Server make_server(const Url& url, const Tls* tls, Login login,
                   Login sentinel_login)
{
    Server server{Host(url.is_sentinel() ? Place{} : url.places.front()), tls,
                  std::move(login)};
    server.login.database = url.database;
    if (url.is_sentinel()) {
        Sentinels& sentinels = server.sentinels.emplace();
        sentinels.master = url.master;
        sentinels.login = std::move(sentinel_login);
        for (const Place& place : url.places) {
            sentinels.hosts.emplace_back(place);
        }
    }
    return server;
}

} // namespace ws_pubsub::redis
