// A WebSocket session on an nginx connection.
//
// nginx accepted it, did TLS, the request and its access phases. After the
// 101 response the connection's event handlers are ours:
//
//   c->recv ─▶ Receiver ─┬─ message ─────────▶ Protocol
//                        ├─ ping ────────────▶ pong
//                        └─ close, violation ▶ the one close path
//   c->send ◀─ SocketWriter ◀─ Outbox ◀─ broker, replies, pongs, Close
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
#include "ws/background_watch.hpp"
#include "ws/flush_list.hpp"
#include "ws/keepalive.hpp"
#include "ws/receiver.hpp"
#include "ws/session_settings.hpp"
#include "ws/socket_writer.hpp"
#include "ws/upgrade.hpp"

namespace ws_pubsub {

// What is one session's own.
struct SessionOptions : Admission {
    std::string topic; // of the endpoint; empty: it has none
};

class Connection final : public Link, private Receiver {
public:
    // Answers an upgrade that check_upgrade() found good, and takes over the
    // request's connection. `registry`, `shared` and `settings` outlive it. To
    // be returned from the content handler.
    static ngx_int_t accept(ngx_http_request_t* r, Registry& registry,
                            const SharedParts& shared,
                            const SessionSettings& settings,
                            SessionOptions options, const Upgrade& upgrade);
    // The session of a request that was upgraded; nullptr if it was not.
    static Connection* of(ngx_http_request_t* r);

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
    void log_denial(const Denial& denial) override;
    void go_on_soon() override { process_soon(&ngx_posted_next_events); }

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
    // What it was about to do failed half way: it ends.
    void fail();
    // Bring what sendable() and on_sent() read closer to the processor.
    void prefetch() const { prefetch_lines<3>(&c_); }
    void prefetch_socket() const { prefetch_lines<2>(c_); }

    // For the BackgroundWatch: something may have ended.
    void look_again() { process_soon(&ngx_posted_events); }

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
    // 0 while it is open.
    [[nodiscard]] uint16_t close_code() const { return close_code_; }
    [[nodiscard]] const SessionCounters& counters()
    {
        return session().counters();
    }

private:
    enum class State : uint8_t { opening, open, closing, finished };

    Connection(ngx_http_request_t* r, Registry& registry, SessionLease lease,
               const SharedParts& shared, const SessionSettings& settings,
               SessionOptions options, const Upgrade& upgrade);
    [[nodiscard]] Session& session() { return client_.session(); }
    [[nodiscard]] const Session& session() const { return client_.session(); }

    // handover.cpp: from the request to the session
    ngx_int_t open(const Upgrade& upgrade);
    bool add_answer_headers(std::string_view answer, const Upgrade& upgrade);
    void begin();
    void take_over();
    void arm_first_timer();
    void take_events();
    void share_request();
    void keep_timer();
    void let_request_go();
    void leave_request();
    bool send_pending_header();
    static void on_request_read(ngx_http_request_t* r);
    static void on_request_write(ngx_http_request_t* r);
    static void on_late_event(ngx_event_t* event);

    // nginx's events
    static void on_read_event(ngx_event_t* event);
    static void on_write_event(ngx_event_t* event);
    static void on_posted_event(ngx_event_t* event);
    static void on_pool_cleanup(void* data);
    static Connection* of(ngx_event_t* event);
    void on_worker_exit(bool now);
    void on_timer();
    [[nodiscard]] StreamEnds stream_ends();
    void process_soon(ngx_queue_t* queue);
    void process();
    void write();
    bool offer_outbox();
    void finish();

    // reading
    void read();
    [[nodiscard]] bool has_input() const;
    [[nodiscard]] bool wants_turn() const;
    void begin_turn();

    // what the Receiver finds
    [[nodiscard]] bool is_open() const override
    {
        return state_ == State::open;
    }
    [[nodiscard]] bool is_tired() const override { return client_.is_tired(); }
    void watch_message() override;
    void on_message(bool binary, std::string_view payload) override;
    void on_ping(std::string_view payload) override;
    void on_peer_close(uint16_t code) override;
    void violation(EndCause cause, std::string_view reason) override;

    // closing
    void begin_closing(uint16_t code);
    void log_end(const char* how, uint16_t code, std::string_view reason) const;
    bool end_subscriptions();
    void half_close();
    [[nodiscard]] int64_t due_left_ms() const;
    void arm_timer(int64_t ms);

    // What a delivery needs comes first, close together.
    ngx_connection_t* c_;
    ngx_http_request_t* r_; // null once let_request_go() was called
    uint32_t flush_place_ = FlushList::kNone;
    SocketWriter writer_;
    State state_ = State::opening;
    bool peer_closed_ : 1; // its Close frame has come
    bool failing_ : 1;     // its frames are not understood any more
    bool half_closed_ : 1;
    bool input_ended_ : 1; // the peer has shut its side
    bool broken_ : 1;      // nothing can be read or written any more
    bool head_is_out_ : 1; // of the response
    bool alone_ : 1;       // no other work of nginx needs the request
    Client client_;

    std::unique_ptr<Protocol> protocol_;
    std::unique_ptr<BackgroundWatch> background_; // until alone_
    ngx_event_t event_{};
    Keepalive keepalive_;
    uint32_t subscriptions_seen_ = 0; // when they ended
    uint16_t close_code_ = 0;
};

} // namespace ws_pubsub
