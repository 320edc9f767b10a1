#include "ngx/ngx.hpp"

#include "module/origins.hpp"

#include <string>

#include "module/arguments.hpp"
#include "module/config.hpp"
#include "ngx/guard.hpp"
#include "ngx/headers.hpp"
#include "ngx/pool.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

const OriginRules& or_same(const OriginRules* rules)
{
    static const OriginRules same = [] {
        OriginRules made;
        made.add("same");
        return made;
    }();
    return rules == nullptr ? same : *rules;
}

// Of several at once none is a browser's.
std::string origin_of(ngx_http_request_t* r)
{
    return join_headers(r, "Origin");
}

// What the client has asked for, with its port. HTTP/3 has it in the request
// line only, as nginx sees it.
std::string_view asked_host(const ngx_http_request_t* r)
{
    if (r->headers_in.host != nullptr) {
        return view(r->headers_in.host->value);
    }
    return r->host_start == nullptr || r->host_end <= r->host_start
               ? view(r->headers_in.server)
               : std::string_view(
                     reinterpret_cast<const char*>(r->host_start),
                     static_cast<size_t>(r->host_end - r->host_start));
}

void log_refusal(ngx_http_request_t* r, std::string_view from)
{
    const std::string_view host = asked_host(r);
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "ws_pubsub: a page of %*s may not use %*s: see "
                  "\"ws_pubsub_origin\"",
                  from.size(), from.data(), host.size(), host.data());
}

bool allow(ngx_http_request_t* r, const OriginRules& rules,
           std::string_view origin)
{
    const bool allowed = rules.allow(origin, asked_host(r));
    if (!allowed) {
        log_refusal(r, origin);
    }
    return allowed;
}

} // namespace

// ws_pubsub_origin any | same | null | origin…
char* set_origins(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    auto& location = *static_cast<LocationConf*>(conf);
    if (location.origins != nullptr) {
        return const_cast<char*>("is duplicate");
    }
    const Arguments arguments(cf);
    return guarded(
        [&] {
            auto* made = make_in_pool<OriginRules>(cf->pool);
            if (made == nullptr) {
                return kConfError;
            }
            for (size_t i = 1; i < arguments.count; i++) {
                if (!made->add(view(arguments[i]))) {
                    return invalid(cf, arguments[i]);
                }
            }
            if (made->allow_any() && arguments.count > 2) {
                return const_cast<char*>("takes nothing beside \"any\"");
            }
            location.origins = made;
            return static_cast<char*>(NGX_CONF_OK);
        },
        kConfError);
}

bool is_origin_allowed(ngx_http_request_t* r, const OriginRules* rules)
{
    return allow(r, or_same(rules), origin_of(r));
}

bool may_page_change(ngx_http_request_t* r, const OriginRules* rules)
{
    const OriginRules& origins = or_same(rules);
    if (r != r->main || origins.allow_any()) {
        return true;
    }
    const std::string origin = origin_of(r);
    if (!origin.empty()) {
        return allow(r, origins, origin);
    }
    const bool elsewhere = join_headers(r, "Sec-Fetch-Site") == "cross-site";
    if (elsewhere) {
        log_refusal(r, "another site");
    }
    return !elsewhere;
}

} // namespace ws_pubsub
