// Revocations of tokens, as control asks for them.
//
// docs/http.md describes it.
#pragma once

#include "ngx/ngx.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "client/control_order.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

// What is to be revoked, by the body of a PUT. `now_ms`: since 1970. nullopt:
// it is good.
std::optional<Error> read_revocation(std::string_view body, int64_t now_ms,
                                     ControlOrder& order);

// Each answers the request: to be returned from a content handler.
ngx_int_t list_revocations(ngx_http_request_t* r, Store& store);
ngx_int_t remove_revocation(ngx_http_request_t* r, Store& store);

} // namespace ws_pubsub
