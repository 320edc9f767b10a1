// A connection to a Redis, from the look-up of its name to its end: an
// ngx_connection_t of nginx's event loop.
//
// It is open once Redis has let us in (AUTH, SELECT, CLIENT SETNAME). It ends
// by itself when it is not open in time, when a reply is late, when Redis
// closes it or sends what can't be read: then each command that waits ends, and
// the owner is told why. It does not come back: see Link.
//
// What was queued in a turn of the event loop leaves in one write. No function
// of it waits. Owner and callbacks may close it, but not destroy it: that is
// for another event. Thread safety: none.
#pragma once

#include "ngx/ngx.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include "ngx/kept_log.hpp"
#include "ngx/timer.hpp"
#include "redis/lookup.hpp"
#include "redis/pipeline.hpp"
#include "redis/server.hpp"

namespace ws_pubsub::redis {

class ConnectionOwner {
public:
    ConnectionOwner() = default;
    ConnectionOwner(const ConnectionOwner&) = delete;
    ConnectionOwner& operator=(const ConnectionOwner&) = delete;

    virtual void on_open() = 0;
    // Once, whether it was open or not. All commands have ended before.
    virtual void on_closed(std::string_view why) = 0;

protected:
    ~ConnectionOwner() = default;
};

class Connection {
public:
    static constexpr int64_t kOpenMs = 3000;

    // Both outlive it. REQUIRES: the server's host is prepared.
    Connection(const Server& server, ConnectionOwner& owner);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    // Commands that wait end; the owner hears nothing.
    ~Connection();

    // Once. May end before it returns.
    void start();
    [[nodiscard]] bool is_open() const { return state_ == State::open; }

    // False: it is not open, and the callback is not kept. `timeout_ms`: for
    // the reply; when it is late, the connection ends.
    bool send(const Command& command, int64_t timeout_ms,
              Pipeline::Callback callback);

    void close(std::string_view why);

private:
    enum class State : uint8_t { finding, connecting, greeting, open, closed };

    void connect();
    void connected();
    [[nodiscard]] bool has_connected();
    void greet();
    void add_greeting(const Command& command, const char* what);
    void read();
    void write();
    [[nodiscard]] int64_t due_ms() const;
    void watch_time();
    void look_at_time();
    void fail(std::string_view what);
    void end(std::string_view why);
    static void let_go(ngx_connection_t& c);

    void run(void (Connection::*step)());
    static Connection& of(const ngx_event_t* event);
    static void on_found(void* self, std::string_view error);
    static void on_connecting(ngx_event_t* event);
    static void on_shaken_hands(ngx_connection_t* c);
    static void on_readable(ngx_event_t* event);
    static void on_writable(ngx_event_t* event);
    static void on_posted(ngx_event_t* event);
    static void on_timer(void* self);

    const Server& server_;
    ConnectionOwner& owner_;
    State state_ = State::closed;
    Pipeline pipeline_;
    KeptLog log_;
    Lookup lookup_;
    Timer timer_;
    int64_t timer_ms_ = 0; // when it runs out, if it is set
    int64_t open_by_ms_ = 0;
    ngx_connection_t* c_ = nullptr;
    ngx_event_t posted_{}; // writes at the end of the turn
};

} // namespace ws_pubsub::redis
