#include "ngx/request_log.hpp"

namespace ws_pubsub {

void log_request(ngx_http_request_t* r)
{
    const auto* core = static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_get_module_main_conf(r, ngx_http_core_module));
    const ngx_array_t& handlers = core->phases[NGX_HTTP_LOG_PHASE].handlers;
    auto* handler = static_cast<ngx_http_handler_pt*>(handlers.elts);
    for (ngx_uint_t i = 0; i < handlers.nelts; i++) {
        handler[i](r);
    }
    r->logged = 1;
}

} // namespace ws_pubsub
