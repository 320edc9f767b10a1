// Asks sentinels, one after the other, where the Redis is that they know by a
// name. What they say may be late: whoever goes there looks at its role.
//
// Thread safety: none.
#pragma once

#include "ngx/ngx.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

#include "ngx/next_turn.hpp"
#include "redis/connection.hpp"
#include "redis/server.hpp"

namespace ws_pubsub::redis {

class Sentinel final : private ConnectionOwner {
public:
    static constexpr int64_t kReplyMs = 3000;

    // nullptr: nobody knows, and what was wrong with the last one that was
    // asked. The handler may not destroy the object.
    using Handler = std::function<void(const Host*, std::string_view why)>;

    // What is said of them outlives it. REQUIRES: they are prepared.
    Sentinel(const Sentinels& sentinels, Handler handler);

    // Calls the handler once, perhaps before it returns; that one is asked
    // first. REQUIRES: nobody is being asked; not from the handler.
    void ask(size_t first);
    // The handler is not called any more.
    void cancel();
    [[nodiscard]] bool is_asking() const { return left_ > 0; }

private:
    void on_open() override;
    void on_closed(std::string_view why) override;
    void connect();
    void take(const Ending& ending);
    static void on_turn(void* self);

    const Sentinels& sentinels_;
    Handler handler_;
    size_t at_ = 0;
    size_t left_ = 0; // that may be asked, with the one that is
    NextTurn turn_;
    std::optional<Server> server_; // of the connection
    std::optional<Connection> connection_;
};

} // namespace ws_pubsub::redis
