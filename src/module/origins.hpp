// ws_pubsub_origin: requests of pages from elsewhere. A browser lets any page
// open a WebSocket, and send simple requests, with the user's cookies and from
// within his network: so it is the server that has to look at where a page is
// from.
#pragma once

#include "ngx/ngx.hpp"

#include "base/origin.hpp"

namespace ws_pubsub {

// The directive's handler; `conf` is the LocationConf.
char* set_origins(ngx_conf_t* cf, ngx_command_t* command, void* conf);

// Whether the rules (null: `same`) allow the request, by its `Origin`; if not,
// the log says so.
bool is_origin_allowed(ngx_http_request_t* r, const OriginRules* rules);

// The same for a request that changes something: some browsers send it without
// an `Origin`, and say in another header that the page is of another site. What
// nginx asks by itself, as for `mirror`, is no page's request: the location
// that the page has asked has let it in.
bool may_page_change(ngx_http_request_t* r, const OriginRules* rules);

} // namespace ws_pubsub
