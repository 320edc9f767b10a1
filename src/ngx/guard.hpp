// The one way from C into our code.
//
// An exception that unwinds through nginx's or libwebsockets' frames leaves
// them half changed. The only one that can arise is std::bad_alloc; it ends
// here, as the error of the call at hand.
#pragma once

#include "ngx/ngx.hpp"

#include <exception>

namespace ws_pubsub {

template <class Body, class T>
T guarded(Body&& body, T on_error) noexcept
{
    try {
        return body();
    } catch (const std::exception& error) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "ws_pubsub: %s",
                      error.what());
    }
    return on_error;
}

// Whether the body came to its end.
template <class Body>
bool guarded(Body&& body) noexcept
{
    return guarded(
        [&] {
            body();
            return true;
        },
        false);
}

} // namespace ws_pubsub
