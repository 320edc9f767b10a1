#include "ngx/ngx.hpp"

#include "module/token_trial.hpp"

#include <algorithm>
#include <utility>

namespace ws_pubsub {

namespace {

constexpr size_t kPoolBytes = 1024;

bool is_known(const ngx_http_variable_value_t& value)
{
    return value.valid || value.not_found;
}

void forget(ngx_http_variable_value_t& value)
{
    value.valid = 0;
    value.not_found = 0;
}

bool is_same(const ngx_http_variable_value_t& one,
             const ngx_http_variable_value_t& other)
{
    return one.valid == other.valid && one.not_found == other.not_found &&
           (!one.valid ||
            (one.len == other.len &&
             std::equal(one.data, one.data + one.len, other.data)));
}

ngx_uint_t count_variables(ngx_http_request_t& r)
{
    const auto* core = static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_get_module_main_conf(&r, ngx_http_core_module));
    return core->variables.nelts;
}

} // namespace

Captures::Captures(const ngx_http_request_t& r)
{
#if (NGX_PCRE)
    if (r.captures != nullptr) {
        places_.assign(r.captures, r.captures + r.ncaptures);
    }
    text_ = r.captures_data;
#endif
}

bool Captures::give(ngx_http_request_t& r) const
{
#if (NGX_PCRE)
    // nginx takes it for as large as any regex needs it.
    const auto* core = static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_get_module_main_conf(&r, ngx_http_core_module));
    const size_t size = std::max<size_t>(core->ncaptures, places_.size());
    r.captures = static_cast<int*>(ngx_palloc(r.pool, size * sizeof(int)));
    if (r.captures == nullptr) {
        r.ncaptures = 0;
        return false;
    }
    std::copy(places_.begin(), places_.end(), r.captures);
    r.ncaptures = places_.size();
    r.captures_data = text_;
#endif
    return true;
}

TokenTrial::~TokenTrial()
{
    if (!begun_) {
        return;
    }
    for (ngx_http_cleanup_t* cleanup = r_.cleanup; cleanup != nullptr;
         cleanup = cleanup->next) {
        if (cleanup->handler != nullptr) {
            cleanup->handler(cleanup->data);
        }
    }
    ngx_pool_t* pool = r_.pool;
    RequestToken taken =
        adopted_ ? std::move(*make_token(&r_)) : RequestToken();
    restore();
    ngx_destroy_pool(pool);
    if (!adopted_) {
        return;
    }
    *make_token(&r_) = std::move(taken); // it has had one before
    for (const Dependent& one : dependent_) {
        if (one.is_clear) {
            forget(r_.variables[one.index]);
        }
    }
}

void TokenTrial::restore()
{
    r_.pool = before_.pool;
    r_.cleanup = before_.cleanup;
    r_.ctx = before_.ctx;
    r_.variables = before_.variables;
#if (NGX_PCRE)
    r_.ncaptures = before_.ncaptures;
    r_.captures = before_.captures;
    r_.captures_data = before_.captures_data;
    r_.realloc_captures = before_.realloc_captures;
#endif
}

bool TokenTrial::begin_own_state()
{
    ngx_pool_t* pool = ngx_create_pool(kPoolBytes, r_.connection->log);
    if (pool == nullptr) {
        return false;
    }
    before_ = r_;
    begun_ = true;
    r_.pool = pool;
    r_.cleanup = nullptr;
    contexts_.assign(before_.ctx, before_.ctx + ngx_http_max_module);
    r_.ctx = contexts_.data();
    values_.assign(before_.variables, before_.variables + count_variables(r_));
    r_.variables = values_.data();
    return true;
}

bool TokenTrial::begin(const RequestToken& token)
{
    const RequestToken* own = make_token(&r_);
    if (own == nullptr || !begin_own_state()) {
        return false;
    }
    RequestToken* other = make_token(&r_);
    if (other == nullptr) {
        return false;
    }
    *other = *own;
    find_dependent();
    const std::string session = std::move(other->session);
    *other = token;
    other->session = session;
    return captures_.give(r_);
}

void TokenTrial::adopt()
{
    adopted_ = true;
}

// Its value as of now, with all others at hand that do not depend on the token.
// False: it can't be.
bool TokenTrial::work_out(ngx_uint_t index)
{
    std::copy_n(before_.variables, values_.size(), values_.begin());
    for (const Dependent& other : dependent_) {
        forget(values_[other.index]);
    }
    forget(values_[index]);
    return captures_.give(r_) &&
           ngx_http_get_indexed_variable(&r_, index) != nullptr;
}

bool TokenTrial::depends(ngx_uint_t index)
{
    for (const Dependent& known : dependent_) {
        if (known.index == index) {
            return false; // it is found already
        }
    }
    const uint64_t before = times_asked();
    const bool worked_out = work_out(index);
    if (times_asked() == before) {
        return false;
    }
    const bool is_clear =
        worked_out && is_same(values_[index], before_.variables[index]);
    dependent_.push_back({index, is_clear});
    return true;
}

// REQUIRES: the request still has its own token.
void TokenTrial::find_dependent()
{
    for (bool found = true; found;) { // by others that depend on it
        found = false;
        for (ngx_uint_t i = 0; i < values_.size(); i++) {
            found |= is_known(before_.variables[i]) && depends(i);
        }
    }
    std::copy_n(before_.variables, values_.size(), values_.begin());
    for (const Dependent& one : dependent_) {
        values_[one.index] = {};
        values_[one.index].valid = one.is_clear ? 0 : 1;
    }
}

} // namespace ws_pubsub
