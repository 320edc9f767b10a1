// Keeps a connection to one of several servers: where one ends it makes
// another, to the next of them, after a pause that grows with each failure.
// Where a server is known by sentinels they are asked before each connection.
//
// Thread safety: none.
#pragma once

#include "ngx/ngx.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "ngx/timer.hpp"
#include "redis/backoff.hpp"
#include "redis/connection.hpp"
#include "redis/sentinel.hpp"
#include "redis/server.hpp"

namespace ws_pubsub::redis {

class Link final : private ConnectionOwner {
public:
    // Both outlive it. `owner` hears of each connection, and may end it or send
    // over it amid that, but not destroy the link. REQUIRES: there is a server,
    // and the hosts are prepared.
    Link(const std::vector<Server>& servers, ConnectionOwner& owner);

    // In this turn or the next.
    void start();
    [[nodiscard]] bool is_open() const
    {
        return connection_ && connection_->is_open();
    }
    // As Connection's.
    bool send(const Command& command, int64_t timeout_ms,
              Pipeline::Callback callback);
    // What is open or on its way: a server that is of no use. Another one is
    // tried after the pause.
    void close(std::string_view why);

    // Of the last connection. REQUIRES: there was one.
    [[nodiscard]] const Host& host() const { return server_->host; }
    // Where the next connection goes, and only that: as to the present server,
    // but to another place.
    void go_to(Place place) { moved_ = std::move(place); }

private:
    void on_open() override;
    void on_closed(std::string_view why) override;
    void pause();
    void begin();
    void search(const Server& server);
    void take_found(const Server& server, const Host& host);
    void connect(const Server& server);
    static void on_timer(void* self);

    const std::vector<Server>& servers_;
    ConnectionOwner& owner_;
    size_t next_ = 0; // server
    std::optional<Place> moved_;
    std::optional<Server> found_;    // that is not one of the configured ones
    const Server* server_ = nullptr; // of the connection
    Backoff backoff_;
    std::optional<int64_t> opened_ms_; // when the connection was, if it is
    Timer timer_;
    size_t asked_ = 0; // of sentinels the first one that is asked next
    std::optional<Sentinel> sentinel_;
    std::optional<Connection> connection_;
};

} // namespace ws_pubsub::redis
