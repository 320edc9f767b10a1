#include "ngx/ngx.hpp"

#include "http/control.hpp"

#include <optional>
#include <string>
#include <utility>

#include "base/limits.hpp"
#include "base/process.hpp"
#include "base/topic.hpp"
#include "http/answer.hpp"
#include "http/body.hpp"
#include "http/control_answer.hpp"
#include "http/control_request.hpp"
#include "http/revocations.hpp"
#include "ngx/guard.hpp"
#include "ngx/pool.hpp"

namespace ws_pubsub {

namespace {

// What is ordered lives as long as the request.
struct Asked {
    ControlEndpoint endpoint;
    ControlRequest request;
};

ngx_int_t answer(ngx_http_request_t* r, const ControlTally& tally,
                 const void* about)
{
    return answer_control(r, tally, *static_cast<const ControlRequest*>(about));
}

Result<PlacedOrder> place(const Asked& asked)
{
    Store& store = asked.endpoint.store;
    const ControlOrder& order = asked.request.order;
    store.workers.reap_dead(is_alive); // so that nobody waits for these
    return store.orders.place(asked.endpoint.worker, order.kind, order.text(),
                              order.kind == OrderKind::list ? 2 * kControlWaitMs
                                                            : kOrderMs);
}

ngx_int_t wait_for(ngx_http_request_t* r, const Asked& asked,
                   PlacedOrder placed)
{
    auto* wait = make_in_pool<ControlWait>(
        r->pool, r, asked.endpoint.waits, asked.endpoint.store.orders,
        std::move(placed), answer, static_cast<const void*>(&asked.request));
    if (wait == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    r->main->count++;
    wait->begin();
    return NGX_DONE;
}

// Places the order, and waits for what comes of it.
ngx_int_t carry_out(ngx_http_request_t* r, const Asked& asked)
{
    auto placed = place(asked);
    return placed ? wait_for(r, asked, std::move(*placed))
                  : send_error(r, placed.error());
}

// First for whoever comes from now on, then for who is here; or for nobody.
ngx_int_t revoke(ngx_http_request_t* r, Asked& asked)
{
    const Revocation& revocation = asked.request.order.revocation;
    Revocations& revocations = asked.endpoint.store.revocations;
    ReplacedRevocation replaced;
    if (const auto fault =
            revocations.put(revocation, asked.endpoint.keep_ms, &replaced)) {
        return send_error(r, *fault);
    }
    auto placed = place(asked);
    if (!placed) {
        revocations.take_back(revocation, replaced);
        return send_error(r, placed.error());
    }
    return wait_for(r, asked, std::move(*placed));
}

ngx_int_t place_with_body(ngx_http_request_t* r, Asked& asked)
{
    std::string collected;
    const auto body = body_of(r, collected);
    if (!body) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (body->size() > kMaxControlBody) {
        return send_error(r, kTooBig);
    }
    const bool revokes = r->method == NGX_HTTP_PUT;
    const auto fault =
        revokes ? read_revocation(*body, asked.endpoint.clock.now_ms(),
                                  asked.request.order)
                : read_unsubscribe(*body, asked.request);
    if (fault) {
        return send_error(r, *fault);
    }
    return revokes ? revoke(r, asked) : carry_out(r, asked);
}

void on_body(ngx_http_request_t* r)
{
    auto* asked =
        static_cast<Asked*>(ngx_http_get_module_ctx(r, ngx_ws_pubsub_module));
    ngx_http_finalize_request(
        r, guarded([&] { return place_with_body(r, *asked); },
                   ngx_int_t{NGX_HTTP_INTERNAL_SERVER_ERROR}));
}

} // namespace

ngx_int_t handle_control(ngx_http_request_t* r, const ControlEndpoint& endpoint,
                         std::string_view path)
{
    const ControlPath named = control_path(path);
    if (named.kind == ControlPath::Kind::none) {
        return send_error(
            r, NGX_HTTP_NOT_FOUND,
            {Errc::unknown_topic, "there is nothing of that name"});
    }
    const bool reads = (r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) != 0;
    if (!named.allows(r->method)) {
        return send_not_allowed(r, named.allowed());
    }
    auto* asked = make_in_pool<Asked>(r->pool, Asked{endpoint, {}});
    if (asked == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ControlRequest& request = asked->request;
    request.order.filter.id = named.id;
    if (r->method == NGX_HTTP_POST || r->method == NGX_HTTP_PUT) {
        ngx_http_set_ctx(r, asked, ngx_ws_pubsub_module);
        return read_body(r, kMaxControlBody, on_body);
    }
    if (named.kind == ControlPath::Kind::revocations) {
        const ngx_int_t rc = ngx_http_discard_request_body(r);
        return rc != NGX_OK ? rc
               : reads      ? list_revocations(r, endpoint.store)
                            : remove_revocation(r, endpoint.store);
    }
    const auto fault =
        reads ? read_list(r, named, request) : read_close(r, request);
    if (fault) {
        return send_error(r, *fault);
    }
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    return rc == NGX_OK ? carry_out(r, *asked) : rc;
}

} // namespace ws_pubsub
