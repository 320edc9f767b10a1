// Sends a whole response that is at hand.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

namespace ws_pubsub {

struct Response {
    ngx_uint_t status;
    std::string_view status_line; // empty: nginx's own for the status
    std::string_view content_type;
    std::string_view body;
    bool body_stays = false; // as long as the request; else it is copied
};

// Sends header and body; headers that were added go along. To be returned
// from a content handler, or given to ngx_http_finalize_request().
ngx_int_t send_response(ngx_http_request_t* r, const Response& response);

} // namespace ws_pubsub
