// What a request asks a stream for, by its arguments and headers.
#pragma once

#include "ngx/ngx.hpp"

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "proto/stream_protocol.hpp"

namespace ws_pubsub {

struct StreamRequest {
    StreamWish wish;
    bool as_events = false;
    bool as_poll = false;
    int64_t wait_ms = 0; // of a poll
};

// `name`: what names a topic or a selector beside the arguments `topic`; empty:
// nothing. `takes_topics`: whether those count. Errors: bad_request.
Result<StreamRequest> read_stream_request(ngx_http_request_t* r,
                                          const std::string& name,
                                          bool takes_topics);

} // namespace ws_pubsub
