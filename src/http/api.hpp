// The HTTP resource API: topics are resources, and POST publishes.
//
// docs/http.md describes it. Who may use it is up to nginx's access phases, and
// what they may do there to the location's permissions, if it has any.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "broker/publisher.hpp"
#include "client/access.hpp"
#include "http/request_work.hpp"

namespace ws_pubsub {

struct ApiEndpoint {
    Publisher publisher;
    const Clock& clock;
    size_t max_message;
    size_t max_batch;
    bool has_root; // an empty topic is the location's root
    std::optional<Permissions> permissions; // none: nothing is forbidden
    std::string identity; // of the client, where there are permissions
    ngx_log_t* log;
    RequestTurns& turns; // of the zone
    std::string user{};  // of the request's token, where publishes are told

    // For what an answer says beside what was asked for.
    [[nodiscard]] Reader reader() const { return publisher.reader(); }
    // What the client may do. The endpoint outlives it.
    [[nodiscard]] Access access() const;
};

// Answers a request about `topic`. To be returned from a content handler; the
// endpoint is copied.
ngx_int_t handle_api(ngx_http_request_t* r, const ApiEndpoint& endpoint,
                     std::string topic);

} // namespace ws_pubsub
