#include "ngx/ngx.hpp"

#include "module/stream_endpoint.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "http/answer.hpp"
#include "module/request_checks.hpp"
#include "module/request_hooks.hpp"
#include "module/rights.hpp"
#include "module/stream_request.hpp"
#include "module/token_authority.hpp"
#include "module/tokens.hpp"
#include "stream/poll.hpp"
#include "stream/stream.hpp"

namespace ws_pubsub {

namespace {

// Of subscriptions a limit is not one of sizes.
ngx_int_t refuse(ngx_http_request_t* r, const Error& error)
{
    return error.code == Errc::limit
               ? send_error(r, NGX_HTTP_TOO_MANY_REQUESTS, error)
               : send_error(r, error);
}

Stream::Form form_of(const LocationConf& conf, const StreamRequest& request)
{
    if (!request.as_events) {
        return Stream::Form::lines;
    }
    return conf.topic != nullptr ? Stream::Form::plain_events
                                 : Stream::Form::events;
}

StreamSession* make_session(ngx_http_request_t* r, const LocationConf& conf,
                            const Worker& worker, Registry& registry,
                            SessionLease lease, const StreamRequest& request,
                            StreamOptions options)
{
    if (request.as_poll) {
        options.wish.subscribes =
            options.wish.subscribes && request.wait_ms > 0;
        options.wish.delta = false;
        options.wish.interval_ms = 0;
        return new Poll(r, registry, std::move(lease), worker.stream_parts(),
                        conf.stream, std::move(options),
                        static_cast<ngx_msec_t>(request.wait_ms));
    }
    return new Stream(r, registry, std::move(lease), worker.stream_parts(),
                      conf.stream, std::move(options), form_of(conf, request));
}

ngx_int_t open(ngx_http_request_t* r, const LocationConf& conf, Worker& worker,
               ZoneWorker& zone, StreamRequest request, StreamOptions options)
{
    SessionLease lease = zone.registry()->admit(conf.stream.max_connections);
    if (!lease) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "ws_pubsub: ws_pubsub_connections reached");
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    options.session_id = session_number(r);
    options.wish = std::move(request.wish);
    options.wish.subscribes = r->method == NGX_HTTP_GET;
    options.refuse = refuse;
    return make_session(r, conf, worker, *zone.registry(), std::move(lease),
                        request, std::move(options))
        ->begin();
}

} // namespace

// What publishes has none.
StreamSession* stream_session_of(ngx_http_request_t* r)
{
    return location_conf(r).role == Role::stream && r->method != NGX_HTTP_POST
               ? StreamSession::of(r)
               : nullptr;
}

ngx_int_t serve_stream(ngx_http_request_t* r, const LocationConf& conf,
                       Worker& worker, ZoneWorker& zone,
                       const std::string& name)
{
    if (r != r->main) { // its answer would be a part of another one
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "ws_pubsub: a stream was reached by a subrequest");
        return NGX_HTTP_NOT_FOUND;
    }
    if (const auto failure = earlier_failure(r)) {
        return *failure;
    }
    if (r->headers_in.content_length_n > 0 || r->headers_in.chunked) {
        return send_error(r, {Errc::bad_request, "GET takes no body here"});
    }
    if (zone.registry() == nullptr) {
        // A browser would never come back after a status.
        return ngx_exiting ? NGX_HTTP_CLOSE : NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    StreamOptions options;
    options.rights = rights_of(r, conf);
    if (const auto refused = refuse_revoked(r, conf, options.rights)) {
        return *refused;
    }
    auto request = read_stream_request(r, name, conf.topic == nullptr);
    if (!request) {
        return send_error(r, request.error());
    }
    if (conf.session.client.hooks.has_any()) {
        options.hooks =
            std::make_unique<RequestHooks>(*r, conf, zone.hook_book());
    }
    return open(r, conf, worker, zone, std::move(*request), std::move(options));
}

} // namespace ws_pubsub
