// A request at a location with ws_pubsub_stream.
#pragma once

#include "ngx/ngx.hpp"

#include <string>

#include "module/config.hpp"
#include "module/worker.hpp"

namespace ws_pubsub {

class StreamSession;

// Opens a stream or a poll. `name`: what follows the location's prefix, or the
// endpoint's own topic. Returns what a content handler does.
ngx_int_t serve_stream(ngx_http_request_t* r, const LocationConf& conf,
                       Worker& worker, ZoneWorker& zone,
                       const std::string& name);

// The session of a request; nullptr where it has none of these.
StreamSession* stream_session_of(ngx_http_request_t* r);

} // namespace ws_pubsub
