#include "ngx/ngx.hpp"

#include "module/shadow_request.hpp"

#include <algorithm>

namespace ws_pubsub {

namespace {

constexpr size_t kPoolBytes = 1024;

void forget(ngx_http_variable_value_t& value)
{
    value.valid = 0;
    value.not_found = 0;
}

ngx_uint_t count_variables(ngx_http_request_t& r)
{
    const auto* core = static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_get_module_main_conf(&r, ngx_http_core_module));
    return core->variables.nelts;
}

} // namespace

ShadowRequest::~ShadowRequest()
{
    if (shadow_.pool == live_.pool) {
        return;
    }
    for (ngx_http_cleanup_t* cleanup = shadow_.cleanup; cleanup != nullptr;
         cleanup = cleanup->next) {
        if (cleanup->handler != nullptr) {
            cleanup->handler(cleanup->data);
        }
    }
    ngx_destroy_pool(shadow_.pool);
}

RequestToken* ShadowRequest::begin()
{
    ngx_pool_t* pool = ngx_create_pool(kPoolBytes, live_.connection->log);
    if (pool == nullptr) {
        return nullptr;
    }
    shadow_.pool = pool;
    shadow_.main = &shadow_;
    shadow_.parent = nullptr;
    shadow_.cleanup = nullptr;
    contexts_.assign(live_.ctx, live_.ctx + ngx_http_max_module);
    shadow_.ctx = contexts_.data();
    values_.assign(live_.variables, live_.variables + count_variables(live_));
    shadow_.variables = values_.data();
#if (NGX_PCRE)
    shadow_.ncaptures = 0; // they belong to the text that matched last
    shadow_.captures = nullptr;
    shadow_.captures_data = nullptr;
#endif
    return make_token(&shadow_);
}

// Works the variable out, with all others at hand that do not depend on the
// token.
bool ShadowRequest::depends(ngx_uint_t index)
{
    std::copy_n(live_.variables, values_.size(), values_.begin());
    for (const ngx_uint_t other : dependent_) {
        forget(values_[other]);
    }
    forget(values_[index]);
    const uint64_t before = times_asked();
    ngx_http_get_indexed_variable(&shadow_, index);
    return times_asked() != before;
}

void ShadowRequest::forget_dependent()
{
    dependent_.clear();
    for (bool found = true; found;) { // by others that depend on it
        found = false;
        for (ngx_uint_t i = 0; i < values_.size(); i++) {
            const ngx_http_variable_value_t& value = live_.variables[i];
            if ((value.valid || value.not_found) &&
                std::find(dependent_.begin(), dependent_.end(), i) ==
                    dependent_.end() &&
                depends(i)) {
                dependent_.push_back(i);
                found = true;
            }
        }
    }
    std::copy_n(live_.variables, values_.size(), values_.begin());
    for (const ngx_uint_t index : dependent_) {
        forget(values_[index]);
    }
}

void ShadowRequest::forget_dependent_of_live()
{
    for (const ngx_uint_t index : dependent_) {
        forget(live_.variables[index]);
    }
}

} // namespace ws_pubsub
