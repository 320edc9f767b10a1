// A request whose change is not answered yet.
//
// If nginx ends the request before, nobody is told.
#pragma once

#include "ngx/ngx.hpp"

#include <functional>
#include <memory>

#include "topics/outcome.hpp"

namespace ws_pubsub {

// Writes the answer: returns what to finalize the request with.
using WriteAnswer = std::function<ngx_int_t(const Result<ChangeAnswer>&)>;

// Answers the request when its change is answered. To be returned from a
// content handler, or to finalize the request with. What `write` refers to
// lives as long as the request.
ngx_int_t await_answer(ngx_http_request_t* r,
                       std::unique_ptr<PendingChange> pending,
                       WriteAnswer write);

} // namespace ws_pubsub
