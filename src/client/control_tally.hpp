// What the workers have answered to an order of control so far.
//
// An answer is a line `ended more found`: how many sessions or subscriptions
// the worker has ended; whether it has more to list; and whether it has a
// session that the order is about. Then come the lines of its list: JSON, the
// first ones by what they begin with, in that order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "readers/orders.hpp"

namespace ws_pubsub {

class ControlTally {
public:
    explicit ControlTally(PlacedOrder placed)
        : number_(placed.number), waiting_(std::move(placed.workers))
    {}

    [[nodiscard]] uint64_t number() const { return number_; }
    // REQUIRES: it is to that order.
    void add(const OrderAnswer& answer);
    // Who has ended has answered.
    void forget_ended(Orders& orders);
    // Whether nobody is missing.
    [[nodiscard]] bool is_complete() const { return waiting_.empty(); }
    // The processes that are.
    [[nodiscard]] std::vector<int32_t> missing() const;

    [[nodiscard]] uint64_t ended() const { return ended_; }
    [[nodiscard]] bool has_found() const { return found_; }
    // The first lines of all, up to `limit`, as far as nothing of a worker is
    // left out between them; and whether there may be more.
    struct List {
        std::vector<std::string> rows;
        bool more = false;
    };
    [[nodiscard]] List list(size_t limit) const;

private:
    void add_rows(std::string_view text, bool more);

    uint64_t number_;
    std::vector<OrderedWorker> waiting_; // for these
    uint64_t ended_ = 0;
    bool found_ = false;
    bool more_ = false;
    std::vector<std::string> rows_; // of all
    size_t sources_ = 0;            // workers that these are of
    std::string end_;               // no lines beyond are known to be next
};

} // namespace ws_pubsub
