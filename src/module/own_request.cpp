#include "ngx/ngx.hpp"

#include "module/own_request.hpp"

#include <algorithm>
#include <utility>

#include "base/equal_fold.hpp"
#include "module/own_parts.hpp"
#include "ngx/guard.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

// As nginx writes it into a response.
std::string content_type_of(const ngx_http_headers_out_t& headers)
{
    std::string type(view(headers.content_type));
    if (!type.empty() && headers.charset.len > 0 &&
        headers.content_type_len == headers.content_type.len) {
        type += "; charset=";
        type += view(headers.charset);
    }
    return type;
}

bool is_encoded(const ngx_http_headers_out_t& headers)
{
    for (const ngx_list_part_t* part = &headers.headers.part; part != nullptr;
         part = part->next) {
        const auto* all = static_cast<ngx_table_elt_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            if (all[i].hash != 0 &&
                equal_fold(view(all[i].key), "Content-Encoding")) {
                return true;
            }
        }
    }
    return false;
}

} // namespace

OwnRequest::OwnRequest(size_t room, HookBook::Place place, Subject subject)
    : room_(room), place_(std::move(place)), subject_(std::move(subject)),
      timer_(on_timer, this, ngx_cycle->log)
{
    posted_.data = this;
    posted_.handler = on_posted;
    posted_.log = ngx_cycle->log;
}

OwnRequest::~OwnRequest()
{
    if (posted_.posted) {
        ngx_delete_posted_event((&posted_));
    }
}

OwnRequest::Handle OwnRequest::make(ngx_http_request_t& like, size_t room,
                                    HookBook::Place place, Subject subject)
{
    Handle made(new OwnRequest(room, std::move(place), std::move(subject)));
    if (!made->open(open_own_connection(like, *made))) {
        return nullptr;
    }
    made->lend_tls(like);
    return fill_like(like, *made->r_) ? std::move(made) : nullptr;
}

OwnRequest::Handle OwnRequest::make_for(const OwnServer& server, size_t room,
                                        ngx_uint_t method)
{
    Handle made(new OwnRequest(room, HookBook::Place(), {}));
    return made->open(open_own_connection(server, *made)) &&
                   fill_for(server, method, *made->r_)
               ? std::move(made)
               : nullptr;
}

OwnRequest::Handle OwnRequest::make(const OwnServer& server, size_t room)
{
    return make_for(server, room, NGX_HTTP_GET);
}

OwnRequest::Handle OwnRequest::make_post(const OwnServer& server, size_t room)
{
    return make_for(server, room, NGX_HTTP_POST);
}

const OwnRequest* OwnRequest::of(const ngx_http_request_t* r)
{
    return static_cast<OwnRequest*>(OwnPeer::of(r));
}

// nullptr: there is none.
bool OwnRequest::open(ngx_connection_t* c)
{
    connection_ = c;
    if (connection_ == nullptr) {
        return false;
    }
    ngx_http_request_t* r = ngx_http_create_request(connection_);
    if (r == nullptr) {
        ngx_http_close_connection(connection_);
        return false;
    }
    connection_->data = r;
    r_ = r;
    ngx_http_cleanup_t* cleanup = ngx_http_cleanup_add(r, 0);
    if (cleanup == nullptr) {
        return false;
    }
    cleanup->handler = on_request_end;
    cleanup->data = this;
    return true;
}

// For $scheme and $ssl_…: until the request's memory goes, since what closes
// the connection would shut it down; or the session, whose it is.
void OwnRequest::lend_tls(ngx_http_request_t& like)
{
#if (NGX_HTTP_SSL)
    ngx_pool_cleanup_t* cleanup = like.connection->ssl == nullptr
                                      ? nullptr
                                      : ngx_pool_cleanup_add(r_->pool, 0);
    if (cleanup != nullptr) {
        cleanup->handler = [](void* data) {
            static_cast<ngx_connection_t*>(data)->ssl = nullptr;
        };
        cleanup->data = connection_;
        connection_->ssl = like.connection->ssl;
    }
#else
    static_cast<void>(like);
#endif
}

void OwnRequest::forget_variables()
{
    const auto* core = static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_get_module_main_conf(r_, ngx_http_core_module));
    std::fill_n(r_->variables, core->variables.nelts,
                ngx_http_variable_value_t{});
#if (NGX_PCRE)
    r_->ncaptures = 0;
#endif
}

bool OwnRequest::set_call(const Call& call)
{
    ngx_http_request_t& r = *r_;
    return set_uri(r, call.path, call.arguments) &&
           (!is_from_nobody() || set_line(r)) &&
           (r.method == NGX_HTTP_GET ||
            set_body(r, call.content_type, call.body));
}

bool OwnRequest::start(const Call& call, Done done)
{
    if (!set_call(call)) {
        return false;
    }
    done_ = std::move(done);
    started_ = true;
    timer_.start(call.timeout);
    ngx_connection_t* c = connection_;
    ngx_http_process_request(r_);
    if (connection_ != nullptr) { // else c is another's by now
        ngx_http_run_posted_requests(c);
    }
    return true;
}

bool OwnRequest::on_bytes(std::string_view bytes)
{
    if (bytes.size() > room_ - answer_.body.size()) {
        return false;
    }
    answer_.body += bytes;
    return true;
}

// What nginx still does then, as mirror or post_action, is not waited for.
void OwnRequest::on_whole(const ngx_http_request_t& r)
{
    if (is_whole_) {
        return;
    }
    is_whole_ = true;
    // Of a response that ends too early not all that serve one take notice.
    const off_t length = r.headers_out.content_length_n;
    answer_.complete = length == -1 || r.header_only ||
                       length == static_cast<off_t>(answer_.body.size());
    answer_.status = static_cast<unsigned>(r.headers_out.status);
    answer_.content_type = content_type_of(r.headers_out);
    answer_.encoded = is_encoded(r.headers_out);
    tell_soon();
}

// Before the request is logged and freed, or first when it is terminated.
void OwnRequest::on_request_end(void* data)
{
    ngx_http_request_t* r = static_cast<OwnRequest*>(data)->r_;
    const auto* core = static_cast<ngx_http_core_loc_conf_t*>(
        ngx_http_get_module_loc_conf(r, ngx_http_core_module));
    r->logged = core->log_subrequest ? 0 : 1;
}

void OwnRequest::on_closed()
{
    r_ = nullptr;
    connection_ = nullptr;
    timer_.stop();
    if (started_) {
        tell_soon();
    }
}

void OwnRequest::tell_soon()
{
    if (!posted_.posted) {
        ngx_post_event((&posted_), &ngx_posted_events);
    }
}

// Most often the connection is closed within.
void OwnRequest::end_now()
{
    ngx_connection_t* c = connection_;
    if (c == nullptr || ending_) {
        return;
    }
    ending_ = true;
    if (!started_) {
        if (r_ != nullptr) {
            r_->logged = 1;
            ngx_http_free_request(r_, 0);
        }
        ngx_http_close_connection(c);
        return;
    }
    c->error = 1;
    r_->post_action = 1; // it has none, or this is it already
    r_->uri_changes = 0;
    r_->count++; // an upstream gives its own up while it is ended
    ngx_http_finalize_request(r_, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    if (connection_ != nullptr) { // so far it may be posted only
        ngx_http_run_posted_requests(c);
    }
    if (connection_ != nullptr) {
        c->read->channel =
            1; // a thread has it: the worker may end all the same
    }
}

void OwnRequest::on_timer(void* self)
{
    auto& request = *static_cast<OwnRequest*>(self);
    request.end_now();
    request.tell_soon();
}

void OwnRequest::on_posted(ngx_event_t* event)
{
    auto* self = static_cast<OwnRequest*>(event->data);
    const Done done = std::exchange(self->done_, nullptr);
    if (done) {
        self->telling_ = true;
        guarded([&] { done(std::move(self->answer_)); });
        self->telling_ = false;
    }
    self->finish();
}

void OwnRequest::release()
{
    released_ = true;
    if (!telling_) {
        done_ = nullptr;
    }
#if (NGX_HTTP_SSL)
    if (connection_ != nullptr) {
        connection_->ssl = nullptr;
    }
#endif
    if (!is_whole_ || ngx_exiting) {
        timer_.stop();
        end_now();
    }
    finish();
}

// Nobody needs it any more, nor nginx.
void OwnRequest::finish()
{
    if (released_ && !telling_ && connection_ == nullptr) {
        delete this;
    }
}

} // namespace ws_pubsub
