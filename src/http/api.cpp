#include "ngx/ngx.hpp"

#include "http/api.hpp"

#include "base/topic.hpp"
#include "http/answer.hpp"
#include "http/arguments.hpp"
#include "http/batch.hpp"
#include "http/list.hpp"
#include "http/publish.hpp"
#include "http/read.hpp"
#include "http/remove.hpp"
#include "ngx/log.hpp"

namespace ws_pubsub {

namespace {

constexpr ngx_uint_t kReads = NGX_HTTP_GET | NGX_HTTP_HEAD;
constexpr ngx_uint_t kPublishes = NGX_HTTP_POST | NGX_HTTP_PUT | NGX_HTTP_PATCH;
constexpr Error kBadTopic{Errc::bad_request, "not a valid topic"};

// The methods that have no use for a body.
ngx_int_t handle_without_body(ngx_http_request_t* r,
                              const ApiEndpoint& endpoint,
                              std::string_view topic)
{
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }
    const bool reads = (r->method & kReads) != 0;
    if (topic.empty()) {
        return reads ? list_selection(r, endpoint)
                     : remove_selection(r, endpoint);
    }
    // A selection that was meant would be lost, and the topic removed.
    if (argument(r, "select")) {
        return send_error(
            r, {Errc::bad_request, "select is for the location's root"});
    }
    if (!reads) {
        return remove_topic(r, endpoint, topic);
    }
    const auto reader = endpoint.access().reader(*Selector::parse(topic));
    return reader ? get_topic(r, endpoint.publisher, *reader, topic)
                  : send_error(r, reader.error());
}

} // namespace

Access ApiEndpoint::access() const
{
    const KeyOwner owner{permissions ? KeyOwner::Kind::http_client
                                     : KeyOwner::Kind::application,
                         identity};
    const DenialLog denials{[](void* to, const Denial& denial) {
                                log_info(static_cast<ngx_log_t*>(to),
                                         [&] { return text_of(denial); });
                            },
                            log};
    return {
        publisher,
        clock,
        {permissions ? &*permissions : nullptr, owner, max_message, user, {}},
        denials};
}

ngx_int_t handle_api(ngx_http_request_t* r, const ApiEndpoint& endpoint,
                     std::string topic)
{
    const bool publishes = (r->method & kPublishes) != 0;
    if (!publishes && (r->method & (kReads | NGX_HTTP_DELETE)) == 0) {
        return send_not_allowed(r, "GET, HEAD, POST, PUT, PATCH, DELETE");
    }
    const bool root = topic.empty() && endpoint.has_root;
    if (root && r->method == NGX_HTTP_POST) {
        return start_batch(r, endpoint);
    }
    if (!is_topic(topic) && (publishes || !root)) {
        return send_error(r, kBadTopic);
    }
    return publishes ? start_publish(r, endpoint, std::move(topic))
                     : handle_without_body(r, endpoint, topic);
}

} // namespace ws_pubsub
