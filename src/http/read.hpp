// GET and HEAD of the API for one topic: its value and its history.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "broker/publisher.hpp"
#include "broker/reader.hpp"

namespace ws_pubsub {

// The topic's value; its history, where since or last asks for it: after what
// others have done, if that position is not known here. To be returned from a
// content handler.
ngx_int_t get_topic(ngx_http_request_t* r, const Publisher& publisher,
                    const Reader& reader, std::string_view topic);

} // namespace ws_pubsub
