#include "ngx/ngx.hpp"

#include "module/request_hooks.hpp"

#include <utility>

#include "client/hook_answer.hpp"
#include "client/hook_call.hpp"
#include "module/tokens.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

class PendingRequest final : public PendingHook {
public:
    explicit PendingRequest(OwnRequest::Handle request)
        : request_(std::move(request))
    {}

private:
    OwnRequest::Handle request_;
};

// False: no memory.
bool evaluate(ngx_http_request_t& r, const ngx_http_complex_value_t& value,
              std::string& out)
{
    ngx_str_t text = ngx_null_string;
    auto* complex = const_cast<ngx_http_complex_value_t*>(&value);
    if (ngx_http_complex_value(&r, complex, &text) != NGX_OK) {
        return false;
    }
    out = view(text);
    return true;
}

void log_failure(ngx_http_request_t& r, ngx_uint_t level, std::string_view path,
                 std::string_view why)
{
    ngx_log_error(level, r.connection->log, 0,
                  "ws_pubsub: the hook \"%*s\" has failed: %*s", path.size(),
                  path.data(), why.size(), why.data());
}

} // namespace

RequestHooks::RequestHooks(ngx_http_request_t& r, const LocationConf& conf,
                           HookBook& book)
    : r_(r), conf_(conf), book_(book)
{
    if (conf.hooks.pass == nullptr) {
        return;
    }
    for (const ngx_uint_t index : *conf.hooks.pass) {
        const ngx_http_variable_value_t* value =
            ngx_http_get_indexed_variable(&r, index);
        const bool is_there =
            value != nullptr && value->valid && !value->not_found;
        const auto* text = is_there ? reinterpret_cast<char*>(value->data) : "";
        const size_t size = is_there ? value->len : 0;
        passed_.push_back({index, is_there, std::string(text, size)});
    }
}

bool RequestHooks::give_token(ngx_http_request_t& to) const
{
    RequestToken* own = make_token(&r_);
    RequestToken* copied = make_token(&to);
    if (own == nullptr || copied == nullptr) {
        return false;
    }
    session_id(&r_, *own); // there is one from now on
    if (const RequestToken* token = token_at(&r_, conf_)) {
        *copied = *token;
    }
    copied->session = own->session;
    copied->identity = own->identity;
    return true;
}

bool RequestHooks::give_passed(ngx_http_request_t& to) const
{
    for (const Passed& one : passed_) {
        const ngx_str_t text = copy(to.pool, one.text);
        if (text.data == nullptr) {
            return false;
        }
        ngx_http_variable_value_t& value = to.variables[one.index];
        value = {};
        value.data = text.data;
        value.len = static_cast<unsigned>(text.len) & 0xfffffff;
        value.valid = one.is_there ? 1 : 0;
        value.not_found = one.is_there ? 0 : 1;
    }
    return true;
}

// Of the hook's request, while it still has the URI and the arguments of the
// upgrade.
bool RequestHooks::work_out(const HookTarget& target, OwnRequest& hook,
                            Uri& out) const
{
    ngx_http_request_t& r = hook.request();
    if (!give_token(r) || !give_passed(r) ||
        !evaluate(r, target.path, out.path) ||
        !evaluate(r, target.arguments, out.arguments)) {
        log_failure(r_, NGX_LOG_ERR, out.path, "no memory");
        return false;
    }
    if (!is_plain_path(out.path)) {
        log_failure(r_, NGX_LOG_ERR, out.path, "it is no URI");
        return false;
    }
    out.arguments = safe_arguments(out.arguments);
    hook.forget_variables();
    return give_passed(r);
}

OwnRequest::Done RequestHooks::reader(const Question& question, Uri uri,
                                      Done done) const
{
    return [&r = r_, &book = book_, about = question.about,
            is_patch = question.patch.has_value(), path = std::move(uri.path),
            done = std::move(done)](HookAnswer answer) {
        HookReading reading =
            read_hook_answer(std::move(answer), about, is_patch);
        if (!reading.fault.empty()) {
            book.note_failed();
            log_failure(r, NGX_LOG_WARN, path, reading.fault);
        } else if (reading.verdict.refusal) {
            book.note_denied();
        }
        done(std::move(reading.verdict));
    };
}

std::unique_ptr<PendingHook> RequestHooks::ask(const HookTarget& target,
                                               const Question& question,
                                               HookBook::Place place, Done done)
{
    OwnRequest::Handle hook = OwnRequest::make(
        r_, conf_.max_message, std::move(place),
        {std::string(question.op), std::string(question.topic)});
    if (hook == nullptr) {
        log_failure(r_, NGX_LOG_ERR, {}, "no connection is free for it");
        return nullptr;
    }
    Uri uri;
    if (!work_out(target, *hook, uri)) {
        return nullptr;
    }
    RequestToken& token = *make_token(&hook->request());
    if (!uri.arguments.empty()) {
        uri.arguments += '&';
    }
    uri.arguments += hook_arguments(question, token.user, token.session);
    const bool has_body = question.about == Question::About::publish;
    const OwnRequest::Call call = {
        uri.path, uri.arguments, hook_content_type(question),
        has_body ? question.payload : std::string_view{}, conf_.hooks.timeout};
    if (!hook->start(call, reader(question, uri, std::move(done)))) {
        log_failure(r_, NGX_LOG_ERR, uri.path, "no memory");
        return nullptr;
    }
    book_.note_asked();
    return std::make_unique<PendingRequest>(std::move(hook));
}

std::unique_ptr<PendingHook> RequestHooks::ask(const Question& question,
                                               Done done)
{
    const HookTarget* target = question.about == Question::About::publish
                                   ? conf_.hooks.publish
                                   : conf_.hooks.subscribe;
    HookBook::Place place = book_.enter();
    if (target == nullptr || !place) {
        log_failure(r_, NGX_LOG_WARN, {}, "too many are pending");
        book_.note_failed();
        return nullptr;
    }
    auto pending = ask(*target, question, std::move(place), std::move(done));
    if (pending == nullptr) {
        book_.note_failed();
    }
    return pending;
}

} // namespace ws_pubsub
