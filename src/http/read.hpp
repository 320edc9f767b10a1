// GET and HEAD of the API: values, history, and lists of topics.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "shm/store.hpp"

namespace ws_pubsub {

// Both are to be returned from a content handler.

// The topic's value; its history, where since or last asks for it.
ngx_int_t get_topic(ngx_http_request_t* r, Store& store,
                    std::string_view topic);

// A page of the topics that select names.
ngx_int_t get_selection(ngx_http_request_t* r, Store& store);

} // namespace ws_pubsub
