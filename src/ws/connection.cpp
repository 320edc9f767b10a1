#include "ngx/ngx.hpp"

#include "ws/connection.hpp"

#include <algorithm>
#include <utility>

#include "ws/socket_reader.hpp"

namespace ws_pubsub {

namespace {

constexpr int kReadsPerTurn = 16;

// Clients that are sent away together come back spread over this time.
constexpr int64_t kReconnectSpreadMs = 3000;

// Between two looks at the system's clock, which may be set.
constexpr int64_t kLongestWaitMs = 60LL * 1000;

int64_t random_delay_ms()
{
    return static_cast<int64_t>(ngx_random()) % kReconnectSpreadMs;
}

// One line for each session, whoever ends it. Whatever a client does is no
// more than information, and has its address.
void log_end(ngx_log_t* log, const char* how, uint16_t code,
             std::string_view reason)
{
    ngx_log_error(NGX_LOG_INFO, log, 0, "ws_pubsub: %s with %ud%s%*s", how,
                  static_cast<unsigned>(code), reason.empty() ? "" : ": ",
                  reason.size(), reason.data());
}

} // namespace

Connection::Connection(ngx_http_request_t* r, Registry& registry,
                       SessionLease lease, const SharedParts& shared,
                       const SessionSettings& settings, SessionOptions options,
                       const Upgrade& upgrade)
    : Receiver(shared, settings, upgrade.deflate.accepted),
      SocketEvents(r->connection->log), c_(r->connection),
      client_(registry, std::move(lease), *this,
              Encoding{settings.protocol->dialect, upgrade.deflate.accepted},
              settings.client, std::move(static_cast<Admission&>(options))),
      protocol_(settings.protocol->make(client_, shared.writer, options.topic)),
      request_(r)
{}

Connection::~Connection()
{
    if (flush_place_ != FlushList::kNone) {
        shared().flushes.remove(*this, flush_place_);
    }
    if (!closing_.is_finished()) {
        protocol_.reset();
        client_.leave();
    }
}

// --- from the request to the session

void Connection::begin()
{
    if (c_->read->timer_set) {
        ngx_del_timer(c_->read);
    }
    closing_.open();
    SessionTimer::arm_first(c_, settings().keepalive, due_left_ms());
    client_.tell_open();
    protocol_->on_open();
}

void Connection::take_over()
{
    begin_with(request_.hold(*this));
    if (ngx_tcp_nodelay(c_) != NGX_OK) {
        closing_.note_break();
    }
    process_soon(&ngx_posted_events);
}

void Connection::abandon()
{
    closing_.abandon();
    client_.leave();
}

// --- nginx's events

void Connection::on_worker_exit(bool now)
{
    if (is_open()) {
        session().identity().expect_back();
    }
    if (now) {
        closing_.note_break(); // worker_shutdown_timeout is over
    } else {
        close(EndCause::going_away, "the server is going away");
    }
}

void Connection::on_timer()
{
    if (!is_open()) {
        closing_.note_break(); // the peer has had its time to close
        process_soon(&ngx_posted_events);
        return;
    }
    if (client_.standing().run_due()) {
        return;
    }
    const SessionTimer::Due due = timer_.due(
        c_, settings().keepalive,
        {message_left_ms(), due_left_ms(), session().outbox().bytes(),
         is_stalled() || may_have_input(c_, on_write)});
    if (due.action == SessionTimer::Due::Action::close) {
        close(due.cause, due.reason);
    } else if (due.action == SessionTimer::Due::Action::ping) {
        session().push(shared().writer.make(Opcode::ping, {}, false));
    }
}

void Connection::read()
{
    for (int i = 0;
         i < kReadsPerTurn && c_->read->ready && !closing_.is_broken() &&
         !is_stalled(); // first what came before
         i++) {
        const SocketInput input = read_socket(c_);
        if (input.kind == SocketInput::Kind::end) {
            closing_.note_input_end();
        } else if (input.kind == SocketInput::Kind::failure) {
            closing_.note_break();
        }
        if (input.kind != SocketInput::Kind::bytes) {
            break;
        }
        timer_.heard();
        receive(input.bytes);
    }
    if (!closing_.is_broken() && ngx_handle_read_event(c_->read, 0) != NGX_OK) {
        closing_.note_break();
    }
    note_if_left();
    if (wants_turn()) {
        process_soon(&ngx_posted_next_events);
    } else if (closing_.is_broken() || closing_.has_input_ended() ||
               has_input(c_, on_write) || closing_.is_closing()) {
        process_soon(&ngx_posted_events);
    }
}

// Commands wait, so that nothing is read, and the end of what comes would not
// be seen: nobody is there any more to wait for the answers.
void Connection::note_if_left()
{
    if (is_open() && client_.effort().is_full() && c_->read->pending_eof) {
        closing_.note_break();
    }
}

void Connection::begin_turn()
{
    if (is_open()) {
        client_.effort().begin_turn();
        protocol_->begin_turn();
    }
    begin_receiving();
}

// --- the one place where a session goes on, and ends

void Connection::process()
{
    if (closing_.is_finished()) {
        return;
    }
    if (!request_.is_alone()) {
        request_.share(!is_open() || settings().keepalive.interval_ms > 0 ||
                       due_left_ms() != kNoLimit);
    }
    begin_turn();
    note_if_left();
    if (closing_.is_closing()) {
        forget_message();
        if (!end_subscriptions()) {
            return process_soon(&ngx_posted_next_events);
        }
    }
    write();
    const bool written = session().outbox().empty();
    if (closing_.wants_half_close(written)) {
        closing_.note_half_close();
        if (!shut_for_writing(c_)) {
            closing_.note_break();
        }
    }
    if (closing_.is_over(written, is_stalled())) {
        return finish();
    }
    if (is_open() && settings().log_at_connect && request_.is_held() &&
        !request_.is_logged() && request_.is_alone() && send_head()) {
        if (client_.standing().needs_request()) {
            request_.log();
        } else {
            request_.let_go();
            c_->data = this;
        }
    }
    if (wants_turn()) {
        process_soon(&ngx_posted_next_events);
    } else if (!is_stalled() && has_input(c_, on_write) && !c_->read->posted) {
        ngx_post_event(c_->read, &ngx_posted_next_events);
    }
}

std::string_view Connection::sendable() const
{
    const Outbox& outbox = session().outbox();
    const bool simple = closing_.is_open() && !closing_.is_broken() &&
                        head_is_out_ && !outbox.stalled() &&
                        outbox.frames() == 1 && c_->send == ngx_send;
    return simple ? outbox.front() : std::string_view();
}

bool Connection::on_sent(size_t sent)
{
    Outbox& outbox = session().outbox();
    c_->sent += static_cast<off_t>(sent);
    outbox.consume(sent);
    if (!outbox.empty() || session().wants_more()) {
        return false;
    }
    flush_place_ = FlushList::kNone;
    return true;
}

void Connection::flush()
{
    flush_place_ = FlushList::kNone;
    if (!is_open()) {
        return process();
    }
    write();
    if (closing_.is_broken()) {
        process_soon(&ngx_posted_events);
    }
}

void Connection::flush_now()
{
    if (!closing_.is_broken() && head_is_out_ &&
        !writer_.offer(c_, session(), shared().clock)) {
        closing_.note_break();
        process_soon(&ngx_posted_events);
    }
}

bool Connection::send_head()
{
    if (!head_is_out_) {
        const ngx_int_t rc = request_.send_head();
        if (rc == NGX_ERROR) {
            closing_.note_break();
        }
        head_is_out_ = rc == NGX_OK;
    }
    return head_is_out_;
}

void Connection::write()
{
    if (!closing_.is_broken() && send_head() &&
        !writer_.write(c_, client_, shared().clock)) {
        closing_.note_break();
    }
}

// --- closing

// From here on nothing else is queued, and messages of the peer are ignored.
void Connection::begin_closing(uint16_t code)
{
    closing_.begin(code);
    session().stop();
    protocol_->stop();
    SessionTimer::arm(c_, ngx_exiting ? kExitCloseTimeoutMs : kCloseTimeoutMs);
    flush_soon();
}

// Before the peer sees our Close: whoever comes back then must find its place
// free. False: there are more than one turn ends.
bool Connection::end_subscriptions()
{
    if (session().subscriptions() == 0) {
        return true;
    }
    subscriptions_seen_ = std::max(
        subscriptions_seen_, static_cast<uint32_t>(session().subscriptions()));
    return client_.membership().end_subscriptions();
}

void Connection::close(EndCause cause, std::string_view reason)
{
    if (is_open()) {
        end_open(protocol_->close_code(cause), reason, cause);
    }
}

void Connection::end_open(uint16_t code, std::string_view reason,
                          EndCause cause)
{
    begin_closing(code);
    log_end(c_->log, "session closed", code, reason);
    if (cause == EndCause::too_slow || cause == EndCause::no_pong) {
        session().counters().dropped +=
            session().outbox().drop_unwritten(writer_.pinned());
    }
    if (cause == EndCause::too_slow) {
        client_.membership().count_slow();
    }
    if (const FrameRef farewell =
            protocol_->farewell(code, reason, random_delay_ms())) {
        session().push(farewell);
    }
    session().push(shared().writer.make_close(code, reason));
}

void Connection::violation(EndCause cause, std::string_view reason)
{
    closing_.note_violation();
    if (is_open()) {
        close(cause, reason);
    } else {
        flush_soon();
    }
}

void Connection::on_peer_close(uint16_t code)
{
    closing_.note_peer_close();
    if (is_open()) {
        begin_closing(code);
        log_end(c_->log, "the client closed the session", code, {});
        session().push(shared().writer.make_close(code, {}));
    } else {
        flush_soon();
    }
}

// Ends the object's life, in most cases before it returns.
void Connection::finish()
{
    if (!end_subscriptions()) {
        return process_soon(&ngx_posted_next_events);
    }
    const bool unclosed = is_open();
    closing_.finish();
    if (unclosed) {
        log_end(c_->log, "session ended", closing_.code(),
                closing_.has_input_ended() ? "the client left without a Close"
                                           : "the connection broke");
    }
#if (NGX_HTTP_SSL)
    if (c_->ssl != nullptr && !session().outbox().empty()) {
        c_->ssl->no_send_shutdown = 1; // OpenSSL waits to write something else
    }
#endif
    protocol_.reset();
    client_.leave();
    session().outbox().clear();
    forget_message();
    drop_pending(c_);
    c_->idle = 0;
    if (request_.is_held()) {
        request_.end(closing_.may_half_close());
    } else {
        ngx_http_close_connection(c_);
    }
}

// Until the client has something due; or less, so that the timer, which runs on
// another clock, looks again. What is due already goes on in a later turn,
// since each ends so much.
int64_t Connection::due_left_ms() const
{
    const int64_t left_ms = client_.standing().due_left_ms();
    return left_ms == Credentials::kNever
               ? kNoLimit
               : std::clamp<int64_t>(left_ms, 1, kLongestWaitMs);
}

} // namespace ws_pubsub
