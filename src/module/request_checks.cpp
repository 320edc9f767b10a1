#include "ngx/ngx.hpp"

#include "module/request_checks.hpp"

#include "ngx/text.hpp"

namespace ws_pubsub {

std::optional<std::string> configured_topic(ngx_http_request_t* r,
                                            const LocationConf& conf)
{
    ngx_str_t value;
    if (ngx_http_complex_value(r, conf.topic, &value) != NGX_OK) {
        return std::nullopt;
    }
    return std::string(view(value));
}

std::optional<ngx_int_t> earlier_failure(ngx_http_request_t* r)
{
    if (r->err_status < NGX_HTTP_SPECIAL_RESPONSE) {
        r->err_status = 0;
        return std::nullopt;
    }
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "ws_pubsub: the request has failed before, with %ui",
                  r->err_status);
    return static_cast<ngx_int_t>(r->err_status);
}

} // namespace ws_pubsub
