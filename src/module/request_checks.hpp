// What each handler of ours asks of its request.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string>

#include "module/config.hpp"

namespace ws_pubsub {

// The value of topic=; nullopt when nginx has no memory.
std::optional<std::string> configured_topic(ngx_http_request_t* r,
                                            const LocationConf& conf);

// The status of a failure that the request has had before and that nginx would
// answer with, whatever comes of it here: that of an error_page without `=`.
// nullopt: none. A good one that was set so is forgotten, for one that is true.
std::optional<ngx_int_t> earlier_failure(ngx_http_request_t* r);

} // namespace ws_pubsub
