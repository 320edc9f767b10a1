// Transactions over one connection, one after the other: what some keys have is
// looked at, and what follows from that is done only if they have it still.
//
// EXEC lets go of all keys that the connection watches. So nobody else may use
// MULTI or WATCH over it.
//
// Thread safety: none.
#pragma once

#include "ngx/ngx.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "log/log.hpp"
#include "redis/ground.hpp"
#include "redis/master_link.hpp"

namespace ws_pubsub::redis {

struct Transaction {
    Words watched; // keys
    std::vector<Words> reads;
    // Each reply, an error or not. A text: it is refused for that.
    std::function<std::string(size_t read, const Reply& reply)> take;
    // When all were taken: adds to `writes`. A text as above.
    std::function<std::string(std::vector<Words>& writes)> decide;
    std::vector<Words> writes; // none in the end: it is done
    Log::Done done;
};

class Transactions {
public:
    // The link outlives it.
    explicit Transactions(MasterLink& link) : link_(link) {}
    // Those that wait end.
    ~Transactions();
    Transactions(const Transactions&) = delete;
    Transactions& operator=(const Transactions&) = delete;

    // False: the link is not open.
    bool add(Transaction transaction);

private:
    struct Running {
        Transaction transaction;
        size_t taken = 0;    // replies
        bool writes = false; // it has begun to
        bool has_ended = false;
        std::string refusal; // empty: it is not refused
    };
    using Shared = std::shared_ptr<Running>;

    void begin_next();
    void begin(const Shared& one);
    void read(const Shared& one);
    void write(const Shared& one);
    void send(const Shared& one, const Words& words,
              void (Transactions::*take)(const Shared&, const Ending&));
    void take_read(const Shared& one, const Ending& ending);
    void take_written(const Shared& one, const Ending& ending);
    void end_all(LogOutcome::Kind running, std::string_view why);

    MasterLink& link_;
    std::deque<Transaction> queue_;
    Shared running_;
};

} // namespace ws_pubsub::redis
