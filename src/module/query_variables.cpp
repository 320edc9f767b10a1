#include "ngx/ngx.hpp"

#include "module/query_variables.hpp"

#include <string>

#include "base/equal_fold.hpp"
#include "base/percent.hpp"
#include "ngx/guard.hpp"
#include "ngx/text.hpp"
#include "ngx/variable.hpp"

namespace ws_pubsub {

namespace {

constexpr std::string_view kTheirs = "arg_";
constexpr std::string_view kOurs = "ws_pubsub_arg_";

// `data` is the variable's name.
ngx_int_t get(ngx_http_request_t* r, ngx_http_variable_value_t* value,
              uintptr_t data)
{
    return guarded(
        [&] {
            const auto* name = reinterpret_cast<const ngx_str_t*>(data);
            ngx_str_t raw;
            value->not_found = 1;
            if (name->len == kOurs.size() ||
                ngx_http_arg(r, name->data + kOurs.size(),
                             name->len - kOurs.size(), &raw) != NGX_OK) {
                return ngx_int_t{NGX_OK};
            }
            return set_variable(r, value, percent_decoded(view(raw)));
        },
        ngx_int_t{NGX_ERROR});
}

} // namespace

bool add_query_variables(ngx_conf_t* cf)
{
    ngx_str_t name = copy(cf->pool, kOurs);
    if (name.data == nullptr) {
        return false;
    }
    ngx_http_variable_t* added = ngx_http_add_variable(
        cf, &name, NGX_HTTP_VAR_NOCACHEABLE | NGX_HTTP_VAR_PREFIX);
    if (added == nullptr) {
        return false;
    }
    added->get_handler = get;
    return true;
}

ngx_str_t with_decoded_arguments(ngx_pool_t* pool, const ngx_str_t& text)
{
    std::string_view rest = view(text);
    std::string out;
    // `$arg_name` or `${arg_name}`, in any case
    for (size_t at = rest.find('$'); at != rest.npos; at = rest.find('$')) {
        at += rest.substr(at).starts_with("${") ? 2 : 1;
        out += rest.substr(0, at);
        rest.remove_prefix(at);
        if (equal_fold(rest.substr(0, kTheirs.size()), kTheirs)) {
            out += kOurs;
            rest.remove_prefix(kTheirs.size());
        }
    }
    out += rest;
    return copy(pool, out);
}

} // namespace ws_pubsub
