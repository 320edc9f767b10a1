// The HTTP resource API: topics are resources, and POST publishes.
//
// docs/http.md describes it. Who may use it is up to nginx's access phases.
#pragma once

#include "ngx/ngx.hpp"

#include <string>

#include "base/clock.hpp"
#include "broker/publisher.hpp"

namespace ws_pubsub {

struct ApiEndpoint {
    Publisher publisher;
    const Clock& clock;
    size_t max_message;
    size_t max_batch;
    bool has_root; // an empty topic is the location's root
};

// Answers a request about `topic`. To be returned from a content handler; the
// endpoint is copied.
ngx_int_t handle_api(ngx_http_request_t* r, const ApiEndpoint& endpoint,
                     std::string topic);

} // namespace ws_pubsub
