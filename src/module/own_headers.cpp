#include "ngx/ngx.hpp"

#include "module/own_headers.hpp"

#include "base/equal_fold.hpp"
#include "client/hook_call.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

constexpr ngx_uint_t kUsualHeaders = 20;

// What nginx does with a header that it knows. Their types differ between its
// versions; its handlers know them.
bool make_known(ngx_http_request_t& r, ngx_table_elt_t* header)
{
    if (equal_fold(view(header->key), "Host")) {
        r.headers_in.host = header; // its handler may end the request
        return true;
    }
    auto* core = static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_get_module_main_conf((&r), ngx_http_core_module));
    const auto* known = static_cast<ngx_http_header_t*>(
        ngx_hash_find(&core->headers_in_hash, header->hash, header->lowcase_key,
                      header->key.len));
    return known == nullptr ||
           known->handler(&r, header, known->offset) == NGX_OK;
}

} // namespace

bool begin_headers(ngx_http_request_t& r)
{
    return ngx_list_init(&r.headers_in.headers, r.pool, kUsualHeaders,
                         sizeof(ngx_table_elt_t)) == NGX_OK;
}

bool add_request_header(ngx_http_request_t& r, std::string_view name,
                        std::string_view value)
{
    auto* header =
        static_cast<ngx_table_elt_t*>(ngx_list_push(&r.headers_in.headers));
    if (header == nullptr) {
        return false;
    }
    *header = {};
    header->key = copy(r.pool, name);
    header->value = copy(r.pool, value);
    header->lowcase_key =
        static_cast<u_char*>(ngx_pnalloc(r.pool, name.size() + 1));
    if (header->key.data == nullptr || header->value.data == nullptr ||
        header->lowcase_key == nullptr) {
        return false;
    }
    header->value.data[value.size()] = '\0'; // as nginx's own
    header->hash =
        ngx_hash_strlow(header->lowcase_key, header->key.data, name.size());
    return make_known(r, header);
}

bool copy_headers(const ngx_http_request_t& from, ngx_http_request_t& to)
{
    for (const ngx_list_part_t* part = &from.headers_in.headers.part;
         part != nullptr; part = part->next) {
        const auto* headers = static_cast<ngx_table_elt_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            const std::string_view name = view(headers[i].key);
            if (headers[i].hash != 0 && is_hook_header(name) &&
                !add_request_header(to, name, view(headers[i].value))) {
                return false;
            }
        }
    }
    return true;
}

} // namespace ws_pubsub
