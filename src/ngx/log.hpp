// Lines of nginx's log that are made of our own texts.
#pragma once

#include "ngx/ngx.hpp"

#include <string>

namespace ws_pubsub {

// What a client does is information: `text()`, which makes the line, is called
// where somebody wants to know.
template <class Text>
void log_info(ngx_log_t* log, Text&& text)
{
    if (log->log_level >= NGX_LOG_INFO) {
        const std::string line = text();
        ngx_log_error(NGX_LOG_INFO, log, 0, "ws_pubsub: %*s", line.size(),
                      line.data());
    }
}

} // namespace ws_pubsub
