#include "ngx/ngx.hpp"

#include "ws/accept.hpp"

#include <string>
#include <utility>

#include "ws/lws_pool.hpp"
#include "ws/switching.hpp"

namespace ws_pubsub {

namespace {

// NGX_DONE; or what the request is to be finished with.
ngx_int_t open(ngx_http_request_t* r, Connection& connection,
               const SharedParts& shared, const SessionSettings& settings,
               const Upgrade& upgrade)
{
    const std::string answer =
        shared.lws.handshake(upgrade.key, upgrade.deflate.accepted);
    if (answer.empty() ||
        !set_switching_answer(r, answer, upgrade,
                              settings.protocol->subprotocol)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
#if (NGX_HTTP_SSL)
    if (r->connection->ssl != nullptr) {
        r->connection->ssl->buffer = 0; // what it writes needs no collecting
    }
#endif
    connection.begin(); // who has read the answer may count on its subscription
    if (!send_switching_answer(r)) {
        return NGX_ERROR;
    }
    connection.take_over();
    return NGX_DONE;
}

} // namespace

ngx_int_t accept_upgrade(ngx_http_request_t* r, Registry& registry,
                         const SharedParts& shared,
                         const SessionSettings& settings,
                         SessionOptions options, const Upgrade& upgrade)
{
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(r->connection->pool, 0);
    if (cleanup == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    SessionLease lease = registry.admit(settings.max_connections);
    if (!lease) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "ws_pubsub: ws_pubsub_connections reached");
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    auto* connection = new Connection(r, registry, std::move(lease), shared,
                                      settings, std::move(options), upgrade);
    connection->end_with(cleanup);
    ngx_http_set_ctx(r, connection, ngx_ws_pubsub_module);
    const ngx_int_t rc = open(r, *connection, shared, settings, upgrade);
    if (rc != NGX_DONE) {
        connection->abandon();
    }
    return rc;
}

} // namespace ws_pubsub
