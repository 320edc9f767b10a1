#include "ngx/ngx.hpp"

#include "stream/stream_session.hpp"

#include <algorithm>
#include <utility>

#include "base/close_code.hpp"
#include "ngx/guard.hpp"
#include "ngx/log.hpp"
#include "ngx/request_log.hpp"
#include "ngx/text.hpp"
#include "stream/stream_list.hpp"

namespace ws_pubsub {

StreamSession::StreamSession(ngx_http_request_t* r, Registry& registry,
                             SessionLease lease, const StreamParts& parts,
                             const StreamSettings& settings,
                             StreamOptions options)
    : r_(r), parts_(parts), settings_(settings), name_(options.protocol),
      refuse_(std::move(options.refuse)),
      client_(registry, std::move(lease), *this,
              Encoding{options.dialect, false}, *settings.client,
              std::move(static_cast<Admission&>(options))),
      protocol_(client_, std::move(options.wish), *this),
      turn_(on_turn, this, r->connection->log),
      timer_(on_timer, this, r->connection->log)
{
    parts_.list.add(*this);
}

StreamSession::~StreamSession()
{
    leave();
}

ngx_int_t StreamSession::begin()
{
    ngx_pool_cleanup_t* owner = ngx_pool_cleanup_add(r_->pool, 0);
    ngx_http_cleanup_t* end = ngx_http_cleanup_add(r_, 0);
    if (owner == nullptr || end == nullptr) {
        delete this;
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    owner->data = this;
    owner->handler = on_pool_end;
    end->data = this;
    end->handler = on_request_end;
    ngx_http_set_ctx(r_, this, ngx_ws_pubsub_module);
    r_->main->count++;
    r_->read_event_handler = ngx_http_test_reading; // its client may leave
    r_->write_event_handler = on_write;
    client_.tell_open();
    protocol_.on_open();
    arm_timer();
    if (ngx_exiting) {
        end_soon();
    }
    return NGX_DONE;
}

void StreamSession::on_pool_end(void* self)
{
    delete static_cast<StreamSession*>(self);
}

void StreamSession::on_request_end(void* self)
{
    guarded([&] {
        static_cast<StreamSession*>(self)->on_leave();
        static_cast<StreamSession*>(self)->leave();
    });
}

void StreamSession::leave()
{
    if (is_open()) {
        if (has_started_) {
            log_end(kCloseAbnormal, "the client left");
        }
        close_code_ = kCloseAbnormal;
        subscriptions_seen_ = client_.session().subscriptions();
    }
    is_finished_ = true;
    parts_.list.remove(*this);
    timer_.stop();
    protocol_.stop();
    client_.leave();
}

void StreamSession::finish(ngx_int_t rc)
{
    if (is_finished_) {
        return;
    }
    if (is_open() && rc == NGX_OK) {
        subscriptions_seen_ = client_.session().subscriptions();
        close_code_ = kCloseNormal;
    }
    is_finished_ = true;
    result_ = rc;
}

// The object may be gone when it returns.
void StreamSession::finalize_if_finished()
{
    if (result_) {
        ngx_connection_t* c = r_->connection;
        const ngx_int_t rc = *std::exchange(result_, std::nullopt);
        ngx_http_finalize_request(r_, rc);
        ngx_http_run_posted_requests(c);
    }
}

// --- what becomes of it

void StreamSession::on_ready()
{
    is_ready_ = true;
    turn_.ask_in_this();
}

void StreamSession::on_refused(const Error& why)
{
    refusal_ = Refusal{why.code, std::string(why.message), why.cause};
    turn_.ask_in_this();
}

void StreamSession::log_end(uint16_t code, std::string_view reason)
{
    ngx_log_error(NGX_LOG_INFO, r_->connection->log, 0,
                  "ws_pubsub: stream ended with %ud%s%*s",
                  static_cast<unsigned>(code), reason.empty() ? "" : ": ",
                  reason.size(), reason.data());
}

void StreamSession::close(EndCause cause, std::string_view reason)
{
    close_with(usual_close_code(cause), reason);
}

void StreamSession::close_with(uint16_t code, std::string_view reason)
{
    if (!is_open() || is_finished_) {
        return;
    }
    log_end(code, reason);
    close_code_ = code;
    subscriptions_seen_ = client_.session().subscriptions();
    if (code == kCloseGoingAway) {
        client_.session().identity().expect_back();
    }
    client_.session().stop();
    if (code == kCloseTooSlow) {
        client_.membership().count_slow();
        client_.session().counters().dropped +=
            client_.session().outbox().drop_unwritten(true);
    }
    protocol_.stop();
    timer_.start(static_cast<ngx_msec_t>(ngx_exiting ? kExitCloseTimeoutMs
                                                     : kCloseTimeoutMs));
    turn_.ask_in_this();
}

bool StreamSession::end_subscriptions()
{
    if (client_.membership().has_left() ||
        client_.membership().end_subscriptions()) {
        return true;
    }
    go_on_soon();
    return false;
}

void StreamSession::end_soon()
{
    if (!is_open() || is_finished_) {
        return;
    }
    const auto* core = reinterpret_cast<ngx_core_conf_t*>(
        ngx_get_conf(ngx_cycle->conf_ctx, ngx_core_module));
    const ngx_msec_t most_ms =
        core->shutdown_timeout == 0
            ? kEndSpreadMs
            : std::min(kEndSpreadMs, core->shutdown_timeout / 2);
    is_leaving_ = true;
    timer_.start(static_cast<ngx_msec_t>(ngx_random()) % (most_ms + 1));
}

void StreamSession::log_if_at_connect()
{
    if (settings_.log_at_connect && !r_->logged) {
        log_request(r_);
    }
}

// --- events

void StreamSession::on_turn(void* self)
{
    auto* session = static_cast<StreamSession*>(self);
    guarded([&] { session->process(); });
    session->finalize_if_finished();
}

void StreamSession::on_timer(void* self)
{
    auto* session = static_cast<StreamSession*>(self);
    guarded([&] { session->run_timer(); });
    session->finalize_if_finished();
}

void StreamSession::on_write(ngx_http_request_t* r)
{
    StreamSession* self = of(r);
    if (self == nullptr || self->is_finished_) {
        return;
    }
    ngx_event_t* event = r->connection->write;
    if (event->timedout) {
        event->timedout = 0;
        self->close(EndCause::too_slow, "nothing was taken in time");
        return;
    }
    self->flush_soon();
}

void StreamSession::process()
{
    if (is_finished_) {
        return;
    }
    if (r_->connection->error) {
        return finish(NGX_ERROR);
    }
    if (is_open()) {
        client_.effort().begin_turn();
        protocol_.begin_turn();
    }
    if (refusal_ && !is_ready_) {
        const Refusal why = *refusal_;
        return finish(refuse_(r_, {why.code, why.message, why.cause}));
    }
    if (!is_open() && !end_subscriptions()) {
        return;
    }
    if (!is_ready_) {
        if (!is_open()) {
            finish(NGX_HTTP_SERVICE_UNAVAILABLE);
        }
        return;
    }
    if (!std::exchange(has_started_, true)) {
        start();
        if (is_finished_) {
            return;
        }
    }
    go_on();
}

void StreamSession::start_timer(ngx_msec_t ms)
{
    time_ms_ = ngx_current_msec + ms;
    arm_timer();
}

void StreamSession::due_changed()
{
    arm_timer();
}

void StreamSession::arm_timer()
{
    if (is_leaving_ || !is_open()) {
        return;
    }
    int64_t left_ms = client_.standing().due_left_ms();
    if (time_ms_ != 0) {
        const auto until =
            static_cast<ngx_msec_int_t>(time_ms_ - ngx_current_msec);
        left_ms = std::min<int64_t>(left_ms, std::max<int64_t>(until, 0));
    }
    if (left_ms != Credentials::kNever) {
        constexpr int64_t kLongestWaitMs = 60LL * 1000;
        timer_.start(static_cast<ngx_msec_t>(
            std::clamp<int64_t>(left_ms, 0, kLongestWaitMs)));
    }
}

void StreamSession::run_timer()
{
    if (is_finished_) {
        return;
    }
    if (!is_open()) {
        return finish(NGX_ERROR); // it has had its time to take the rest
    }
    if (is_leaving_) {
        return close(EndCause::going_away, "the server is going away");
    }
    if (client_.standing().run_due()) {
        return;
    }
    if (time_ms_ != 0 &&
        static_cast<ngx_msec_int_t>(time_ms_ - ngx_current_msec) <= 0) {
        time_ms_ = 0;
        on_time();
        if (is_finished_) {
            return;
        }
    }
    arm_timer();
}

// --- for who lists and controls sessions

LinkInfo StreamSession::info() const
{
    return {view(r_->connection->addr_text), settings_.endpoint, name_,
            close_code_};
}

void StreamSession::log_denial(const Denial& denial)
{
    log_info(r_->connection->log, [&] { return text_of(denial); });
}

} // namespace ws_pubsub
