// A WebSocket session on an nginx connection.
//
// nginx accepted it, did TLS, the request and its access phases. After the
// 101 response the connection's event handlers are ours:
//
//   c->recv ─▶ Receiver ─┬─ message ─────────▶ Protocol
//                        ├─ ping ────────────▶ pong
//                        └─ close, violation ▶ the one close path
//   c->send ◀─ SessionWriter ◀─ Outbox ◀─ broker, replies, pongs, Close
//
// Closing: close() queues the Close frame and waits for the peer's, or for
// the peer to hang up, at most kCloseTimeoutMs. A peer that has shut its side
// is still answered: what it sent before is done, and a Close of either side
// is written. Everything that may end the object's life happens in process(),
// which runs from a posted event.
//
// Ownership: the connection's pool owns the object; it ends with the
// connection, after the request was logged.
#pragma once

#include "ngx/ngx.hpp"

#include <memory>
#include <string>
#include <string_view>

#include "base/prefetch.hpp"
#include "ngx/log.hpp"
#include "ngx/text.hpp"
#include "ws/closing.hpp"
#include "ws/flush_list.hpp"
#include "ws/held_request.hpp"
#include "ws/receiver.hpp"
#include "ws/session_settings.hpp"
#include "ws/session_timer.hpp"
#include "ws/session_writer.hpp"
#include "ws/socket_events.hpp"
#include "ws/upgrade.hpp"

namespace ws_pubsub {

// What is one session's own.
struct SessionOptions : Admission {
    std::string topic; // of the endpoint; empty: it has none
};

class Connection final : public Link, private Receiver, private SocketEvents {
public:
    // See accept_upgrade(). `registry`, `shared` and `settings` outlive it.
    Connection(ngx_http_request_t* r, Registry& registry, SessionLease lease,
               const SharedParts& shared, const SessionSettings& settings,
               SessionOptions options, const Upgrade& upgrade);
    // The session of a request that was upgraded; nullptr if it was not.
    static Connection* of(ngx_http_request_t* r)
    {
        return static_cast<Connection*>(
            ngx_http_get_module_ctx(r, ngx_ws_pubsub_module));
    }

    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void flush_soon() override
    {
        if (flush_place_ == FlushList::kNone) {
            flush_place_ = shared().flushes.add(*this);
            if (flush_place_ == FlushList::kNone) {
                process_soon(&ngx_posted_events);
            }
        }
    }
    void flush_now() override;
    void close(EndCause cause, std::string_view reason) override;
    void close_with(uint16_t code, std::string_view reason) override
    {
        if (is_open()) {
            end_open(code, reason, EndCause::policy);
        }
    }
    [[nodiscard]] LinkInfo info() const override
    {
        return {view(c_->addr_text), settings().endpoint, protocol_name(),
                closing_.code()};
    }
    void log_denial(const Denial& denial) override
    {
        log_info(c_->log, [&] { return text_of(denial); });
    }
    void go_on_soon() override { process_soon(&ngx_posted_next_events); }
    void due_changed() override { SessionTimer::arm_within(c_, due_left_ms()); }

    // --- for accept_upgrade()
    using SocketEvents::end_with;
    // The session, before its peer knows of it: what it says waits.
    void begin();
    // The answer was sent: the connection is the session's.
    void take_over();
    // There is no answer, or no connection any more; it was begun or not.
    void abandon();

    // --- for the FlushList
    // All that waits to be written, where one send() on the socket is all
    // that there is to do; otherwise nothing. Valid until the outbox changes.
    [[nodiscard]] std::string_view sendable() const;
    [[nodiscard]] int socket() const { return c_->fd; }
    // `sent` of these bytes were taken. Returns whether that was all there is
    // to do: if so, it is not in the list any more.
    bool on_sent(size_t sent);
    // REQUIRES: it is not in the list any more.
    void flush();
    void fail() override
    {
        closing_.note_break();
        process_soon(&ngx_posted_next_events);
    }
    // Bring what sendable() and on_sent() read closer to the processor.
    void prefetch() const { prefetch_lines<3>(&c_); }
    void prefetch_socket() const { prefetch_lines<2>(c_); }

    [[nodiscard]] std::string_view protocol_name() const
    {
        return settings().protocol->name;
    }
    // Its subscriptions; at its end, those that it had.
    [[nodiscard]] size_t subscriptions() const
    {
        return subscriptions_seen_ > 0 ? subscriptions_seen_
                                       : session().subscriptions();
    }
    // Its id, which is made when it is first asked for; 0: it has left without.
    [[nodiscard]] uint64_t id() { return client_.id(); }
    // 0 while it is open.
    [[nodiscard]] uint16_t close_code() const { return closing_.code(); }
    [[nodiscard]] const SessionCounters& counters()
    {
        return session().counters();
    }

private:
    [[nodiscard]] Session& session() { return client_.session(); }
    [[nodiscard]] const Session& session() const { return client_.session(); }

    // nginx's events
    void read() override;
    void on_timer() override;
    void on_worker_exit(bool now) override;
    void process() override;

    // what the Receiver finds
    [[nodiscard]] bool is_open() const override { return closing_.is_open(); }
    [[nodiscard]] bool is_tired() const override
    {
        return client_.effort().is_tired();
    }
    void watch_message() override
    {
        SessionTimer::arm_within(c_, message_left_ms());
    }
    void on_message(bool binary, std::string_view payload) override
    {
        protocol_->on_message(binary, payload);
    }
    void on_ping(std::string_view payload) override
    {
        session().send(shared().writer.make(Opcode::pong, payload, false));
    }
    void on_peer_close(uint16_t code) override;
    void violation(EndCause cause, std::string_view reason) override;

    // Whether it needs the next turn; a client that waits asks for it when it
    // goes on.
    [[nodiscard]] bool wants_turn() const
    {
        return is_stalled() && !(is_open() && client_.effort().is_waiting());
    }
    void begin_turn();
    void note_if_left();
    bool send_head();
    void write();

    // closing
    void begin_closing(uint16_t code);
    void end_open(uint16_t code, std::string_view reason, EndCause cause);
    bool end_subscriptions();
    void finish();

    [[nodiscard]] int64_t due_left_ms() const;

    // What a delivery needs comes first, close together.
    ngx_connection_t* c_;
    uint32_t flush_place_ = FlushList::kNone;
    SessionWriter writer_;
    Closing closing_;
    bool head_is_out_ = false;        // of the response
    uint32_t subscriptions_seen_ = 0; // when they ended; here it costs nothing
    Client client_;

    std::unique_ptr<Protocol> protocol_;
    HeldRequest request_;
    SessionTimer timer_;
};

} // namespace ws_pubsub
