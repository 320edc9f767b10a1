#include "ngx/ngx.hpp"

#include "module/key_set.hpp"

#include "module/key_set_fetcher.hpp"
#include "token/jwk.hpp"

namespace ws_pubsub {

namespace {

// Why an answer is no set; empty: it may be one.
std::string fault_of(const HookAnswer& answer)
{
    if (!answer.complete) {
        return "no whole answer has come";
    }
    if (answer.status != NGX_HTTP_OK) {
        return "it has answered with " + std::to_string(answer.status);
    }
    return answer.encoded ? "its answer has a Content-Encoding" : "";
}

} // namespace

void KeySet::use_in(ngx_http_core_srv_conf_t* server)
{
    if (server_.conf == nullptr) {
        server_.conf = server;
    }
}

const std::vector<TokenKey>& KeySet::keys() const
{
    static const std::vector<TokenKey> none;
    return clock_.has_set(now_ms()) ? keys_ : none;
}

bool KeySet::is_on_its_way() const
{
    return fetcher_ != nullptr && fetcher_->is_fetching();
}

void KeySet::miss_key()
{
    if (fetcher_ != nullptr && !fetcher_->is_fetching() && !keys().empty() &&
        clock_.take_turn_for_unknown(now_ms())) {
        fetcher_->fetch_soon();
    }
}

void KeySet::take(const HookAnswer& answer, ngx_log_t* log)
{
    const std::string fault = fault_of(answer);
    if (!fault.empty()) {
        return fail(log, fault);
    }
    if (!keys_.empty() && answer.body == text_) {
        return clock_.note_good(now_ms());
    }
    TokenKeyList list = read_jwks(answer.body, SecretKeys::refused);
    for (const std::string& why : list.refused) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "ws_pubsub: no key for tokens in \"%s\": %s",
                      uri_.path.c_str(), why.c_str());
    }
    if (list.keys.empty()) {
        return fail(log, "it has no good key");
    }
    if (keys_.empty()) {
        ngx_log_error(NGX_LOG_INFO, log, 0,
                      "ws_pubsub: the keys of \"%s\" have come",
                      uri_.path.c_str());
    } else {
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "ws_pubsub: the keys of \"%s\" have changed",
                      uri_.path.c_str());
    }
    text_ = answer.body;
    keys_ = std::move(list.keys);
    clock_.note_good(now_ms());
}

void KeySet::fail(ngx_log_t* log, const std::string& why)
{
    clock_.note_failed(now_ms());
    const char* now = keys().empty() ? "no token can be checked by it"
                                     : "the one before stays in use";
    ngx_log_error(NGX_LOG_WARN, log, 0,
                  "ws_pubsub: the key set \"%s\" has not come: %s; %s",
                  uri_.path.c_str(), why.c_str(), now);
}

int64_t KeySet::pause_ms() const
{
    return clock_.pause_ms(now_ms());
}

} // namespace ws_pubsub
