// Orders: what every worker is to do for its sessions, and what it answers.
//
// An order is neither evicted nor refused for want of memory: it takes from
// what messages leave free, and from messages if need be. There is a limit all
// the same, beyond which the oldest goes, unless it is so young that a worker
// may still be about to read it: then it is a new one that is refused. A worker
// that has not read an order that is gone finds out.
//
// Answers wait in the slot of the worker that has asked, and go with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/process.hpp"
#include "base/result.hpp"
#include "readers/layout.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

// An order as a worker reads it.
struct OrderToRead {
    bool missed = false; // there were others, which are lost to it
    uint64_t number = 0; // 0: there is none
    OrderKind kind = OrderKind::list;
    WorkerId asker = 0;
    std::string argument;
};

// A worker that was attached when an order was made.
struct OrderedWorker {
    WorkerId worker = 0;
    ProcessId process;
};

struct PlacedOrder {
    uint64_t number = 0;
    std::vector<OrderedWorker> workers; // the asker included
};

struct OrderAnswer {
    uint64_t order = 0;
    WorkerId worker = 0;
    std::string text;
};

class Orders {
public:
    Orders(ZoneAccess& access, ZoneHeader& header, TopicParts& topics)
        : access_(access), header_(header), topics_(topics)
    {}

    // An order to all workers, which are woken. Errors: limit, the argument is
    // too long; unavailable, there are too many; zone_full, there is no memory
    // at all.
    Result<PlacedOrder> place(WorkerId asker, OrderKind kind,
                              std::string_view argument, int64_t lasts_ms);
    // The next that the worker has not read; from then on it has.
    OrderToRead read(WorkerId worker);
    // What the worker says to it. False: it has to be shorter. Who has asked
    // may be gone, then nobody hears it.
    bool answer(WorkerId worker, const OrderToRead& order,
                std::string_view text);
    // Some of what was answered to the worker's own orders; none: that is all.
    std::vector<OrderAnswer> take_answers(WorkerId worker);
    // Whether the process has that slot: who has not can't answer any more.
    [[nodiscard]] bool is_there(const OrderedWorker& worker);
    // Whether there may be something to read or to take, without the lock: to
    // be asked after it was woken.
    [[nodiscard]] bool may_have_some(WorkerId worker) const;

    // These REQUIRE the lock.
    // The slot's worker has nothing to do with what was ordered before.
    void attach(Transaction& tx, WorkerSlot& slot);
    // Frees what all have read, and what is too old. True: there is more.
    bool look_after(Transaction& tx, int64_t ticks_ms);
    // REQUIRES: there is one.
    static void free_first_reply(Transaction& tx, WorkerSlot& slot);

private:
    [[nodiscard]] size_t most_bytes() const;
    [[nodiscard]] uint64_t read_by_all() const;
    bool make_room(Transaction& tx, size_t bytes);
    Order* make(Transaction& tx, std::string_view argument);
    void drop(Transaction& tx, Order& order, uint64_t read);
    bool drop_read(Transaction& tx, uint64_t read, size_t& steps);
    [[nodiscard]] bool may_take(std::string_view text) const;

    ZoneAccess& access_;
    ZoneHeader& header_;
    TopicParts& topics_;
};

} // namespace ws_pubsub
