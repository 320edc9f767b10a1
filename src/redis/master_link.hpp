// A connection to a Redis that is a master, and of a known lineage: that which
// INFO says, and which is another one after each restart and failover.
//
// Both are asked again each second, since a server that is demoted or promoted
// keeps its connections and says nothing of it; and a key is read, since in a
// Redis Cluster each master is one, but only one has that key. A server that is
// no master, or whose errors say that it is not the right one, is left for
// another.
//
// Thread safety: none.
#pragma once

#include "ngx/ngx.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "log/log.hpp"
#include "ngx/timer.hpp"
#include "redis/calls.hpp"
#include "redis/link.hpp"

namespace ws_pubsub::redis {

class MasterLink final : private ConnectionOwner {
public:
    static constexpr int64_t kReplyMs = 3000;
    static constexpr int64_t kAskMs = 1000; // INFO

    // As Link's. `key`: one of those that commands are about, and a short text.
    MasterLink(const std::vector<Server>& servers, std::string_view key,
               LogOwner& owner);
    MasterLink(const MasterLink&) = delete;
    MasterLink& operator=(const MasterLink&) = delete;
    // Commands that wait end; the owner hears nothing.
    ~MasterLink();

    void start() { link_.start(); }
    [[nodiscard]] bool is_open() const { return is_open_; }
    [[nodiscard]] std::string_view lineage() const { return lineage_; }

    // False: it is not open, and the callback is not kept. `block_ms`: for so
    // long Redis may hold the reply back, and with it all that come behind.
    bool send(const Command& command, Pipeline::Callback callback,
              int64_t block_ms = 0);
    void close(std::string_view why);
    // For a callback that has got no reply: the connection has ended, and not
    // because we wanted that.
    [[nodiscard]] bool was_cut() const { return !is_closing_; }

private:
    void on_open() override;
    void on_closed(std::string_view why) override;

    bool add(const Command& command, Pipeline::Callback callback,
             int64_t block_ms);
    void take(const Ending& ending);
    void ask();
    void take_info(const Ending& ending);
    void set_lineage(std::string_view lineage);
    void leave(std::string_view error);
    static void on_timer(void* self);

    const std::string key_;
    LogOwner& owner_;
    Calls calls_;
    Timer timer_;
    bool is_open_ = false;
    bool is_asking_ = false;
    bool is_closing_ = false;
    int64_t asked_ms_ = 0;
    int64_t blocked_until_ms_ = 0; // at the latest
    uint64_t sent_ = 0;            // commands, ever
    uint64_t ended_ = 0;
    uint64_t blocking_ = 0; // until so many have ended replies may be held back
    std::string lineage_;   // empty: it is not known yet
    Link link_;             // the last: it ends calls
};

} // namespace ws_pubsub::redis
