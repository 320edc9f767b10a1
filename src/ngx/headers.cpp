#include "ngx/headers.hpp"

#include "base/equal_fold.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

template <class Visit>
void for_each_header(ngx_http_request_t* r, std::string_view name,
                     Visit&& visit)
{
    for (ngx_list_part_t* part = &r->headers_in.headers.part; part != nullptr;
         part = part->next) {
        auto* headers = static_cast<ngx_table_elt_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            if (equal_fold(view(headers[i].key), name) && !visit(headers[i])) {
                return;
            }
        }
    }
}

// nullptr when there is no memory.
ngx_table_elt_t* new_header(ngx_http_request_t* r, std::string_view name,
                            std::string_view value)
{
    auto* header =
        static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_out.headers));
    if (header == nullptr) {
        return nullptr;
    }
    *header = {};
    header->key = copy(r->pool, name);
    header->value = copy(r->pool, value);
    if (header->key.data == nullptr || header->value.data == nullptr) {
        return nullptr;
    }
    header->hash = 1;
    return header;
}

} // namespace

ngx_table_elt_t* find_header(ngx_http_request_t* r, std::string_view name)
{
    ngx_table_elt_t* found = nullptr;
    for_each_header(r, name, [&](ngx_table_elt_t& header) {
        found = &header;
        return false;
    });
    return found;
}

std::string join_headers(ngx_http_request_t* r, std::string_view name)
{
    std::string joined;
    for_each_header(r, name, [&](ngx_table_elt_t& header) {
        joined += joined.empty() ? "" : ", ";
        joined += view(header.value);
        return true;
    });
    return joined;
}

bool has_token(std::string_view list, std::string_view token)
{
    while (!list.empty()) {
        const size_t comma = std::min(list.find(','), list.size());
        std::string_view item = list.substr(0, comma);
        while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) {
            item.remove_prefix(1);
        }
        while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) {
            item.remove_suffix(1);
        }
        if (equal_fold(item, token)) {
            return true;
        }
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

bool add_header(ngx_http_request_t* r, std::string_view name,
                std::string_view value)
{
    return new_header(r, name, value) != nullptr;
}

bool set_cache_control(ngx_http_request_t* r, std::string_view value)
{
    ngx_table_elt_t* header = new_header(r, "Cache-Control", value);
    if (header == nullptr) {
        return false;
    }
#if (nginx_version >= 1023000)
    r->headers_out.cache_control = header;
#else
    ngx_array_t& known = r->headers_out.cache_control;
    if (known.elts == nullptr &&
        ngx_array_init(&known, r->pool, 1, sizeof(ngx_table_elt_t*)) !=
            NGX_OK) {
        return false;
    }
    auto** place = static_cast<ngx_table_elt_t**>(ngx_array_push(&known));
    if (place == nullptr) {
        return false;
    }
    *place = header;
#endif
    return true;
}

} // namespace ws_pubsub
