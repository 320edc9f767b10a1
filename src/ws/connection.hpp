// A WebSocket session on an nginx connection.
//
// nginx accepted it, did TLS, the request and its access phases. After the
// 101 response the connection's event handlers are ours:
//
//   c->recv ─▶ FrameGuard ─┬─ data ────▶ LwsSession ─▶ on_piece ─▶ Protocol
//                          ├─ ping ────▶ pong
//                          ├─ close ───▶ the one close path
//                          └─ violation ▶ the one close path
//   c->send ◀─ SocketWriter ◀─ Outbox ◀─ broker, replies, pongs, Close
//
// Control frames are not left to libwebsockets: it answers only the first
// ping of a burst, and forgets one that a Close follows.
//
// Closing: close() queues the Close frame and waits for the peer's, or for
// the peer to hang up, at most kCloseTimeoutMs. Everything that may end the
// object's life happens in process(), which runs from a posted event.
//
// Ownership: the connection's pool owns the object; it ends with the
// connection, after the request was logged.
#pragma once

#include "ngx/ngx.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/prefetch.hpp"
#include "broker/broker.hpp"
#include "proto/protocol.hpp"
#include "ws/flush_list.hpp"
#include "ws/frame_guard.hpp"
#include "ws/keepalive.hpp"
#include "ws/lws_pool.hpp"
#include "ws/socket_writer.hpp"
#include "ws/upgrade.hpp"

namespace ws_pubsub {

// What a session may use and do, from its endpoint's configuration.
struct SessionOptions {
    std::optional<std::string> topic; // plain frames of that topic
    std::string identity;             // for presence; empty: nobody
    Permissions permissions;
    size_t max_message = kDefaultMaxMessageBytes;
    SessionLimits limits;
    Rate rate;
    uint64_t max_connections = 0;                      // 0: no limit
    int64_t ping_interval_ms = kDefaultPingIntervalMs; // 0: no pings
    int64_t ping_timeout_ms = kDefaultPingTimeoutMs;
    bool compression = false;
    bool log_at_connect = false;
};

// What all sessions of a worker share.
struct SharedParts {
    LwsPool& lws;
    FrameWriter& writer;
    FlushList& flushes;
    const Clock& clock;
};

class Connection final : public Transport, private MessageSink {
public:
    // Answers an upgrade that check_upgrade() found good, and takes over the
    // request's connection. `shared` outlives it. To be returned from the
    // content handler.
    static ngx_int_t accept(ngx_http_request_t* r, Broker& broker,
                            const SharedParts& shared,
                            const SessionOptions& options,
                            const Upgrade& upgrade);
    // The session of a request that was upgraded; nullptr if it was not.
    static Connection* of(ngx_http_request_t* r);

    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void flush_soon() override
    {
        if (flush_place_ == FlushList::kNone) {
            flush_place_ = shared_.flushes.add(*this);
            if (flush_place_ == FlushList::kNone) {
                process_soon(&ngx_posted_events);
            }
        }
    }
    void close(uint16_t code, std::string_view reason) override;

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

    [[nodiscard]] std::string_view protocol_name() const;
    // Its subscriptions; at its end, those that it had.
    [[nodiscard]] size_t subscriptions() const
    {
        return subscriptions_seen_ > 0 ? subscriptions_seen_
                                       : session_.subscriptions();
    }
    // 0 while it is open.
    [[nodiscard]] uint16_t close_code() const { return close_code_; }
    [[nodiscard]] const SessionCounters& counters()
    {
        return session_.counters();
    }

private:
    enum class State : uint8_t { opening, open, closing, finished };

    Connection(ngx_http_request_t* r, Broker& broker, const SharedParts& shared,
               const SessionOptions& options, const Upgrade& upgrade);

    // handover.cpp: from the request to the session
    ngx_int_t open(const Upgrade& upgrade);
    bool add_answer_headers(std::string_view answer, const Upgrade& upgrade);
    void take_over();
    void let_request_go();
    bool send_pending_header();

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
    void finish();

    // receiving
    void read();
    [[nodiscard]] bool has_input() const;
    void take(std::string_view bytes);
    void begin_turn();
    [[nodiscard]] bool is_stalled() const;
    void take_event(const FrameGuard::Event& event);
    void take_data(std::string_view bytes);
    bool on_piece(const MessagePiece& piece) override;
    bool end_message(const MessagePiece& piece, LwsSession::Gathered& message);

    // closing
    void violation(uint16_t code, std::string_view reason);
    void on_peer_close(uint16_t code);
    void begin_closing(uint16_t code);
    void end_subscriptions();
    void half_close();
    void arm_timer(int64_t ms);

    // What a delivery needs comes first, close together.
    ngx_connection_t* c_;
    ngx_http_request_t* r_; // null once let_request_go() was called
    uint32_t flush_place_ = FlushList::kNone;
    State state_ = State::opening;
    SocketWriter writer_;
    bool peer_closed_ : 1; // its Close frame has come
    bool failing_ : 1;     // its frames are not understood any more
    bool half_closed_ : 1;
    bool log_at_connect_ : 1;
    bool deflate_ : 1;
    bool plain_ : 1;
    bool broken_ : 1;      // nothing can be read or written any more
    bool head_is_out_ : 1; // of the response
    Session session_;

    Broker& broker_;
    const SharedParts& shared_;
    FrameGuard guard_;
    std::unique_ptr<LwsSession> lws_; // lent, while amid a message
    std::unique_ptr<Protocol> protocol_;
    ngx_event_t event_{};
    std::string unread_; // bytes that wait for the next turn
    size_t max_message_;
    Keepalive keepalive_;
    size_t subscriptions_seen_ = 0; // when they ended
    uint16_t close_code_ = 0;
};

} // namespace ws_pubsub
