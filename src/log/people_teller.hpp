// Tells other hosts of the people of this one: appends entries of those of whom
// they are to be told (readers/own_people). Comers and goers are told of at
// once, how many connections somebody has at most once a second.
//
// Of the worker that follows the log. Where it ends amid that, the next one
// tells again what did not come back.
//
// Thread safety: none; a worker's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "log/log.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

class PeopleTeller {
public:
    // Entries on their way.
    static constexpr size_t kMostOnTheWay = 4;

    // `host`: the host's own clock.
    PeopleTeller(Store& store, const Clock& host) : store_(store), host_(host)
    {}

    // What was appended before, by whomever, may never come.
    void begin() { store_.own_people.tell_again(); }
    // Without the lock: whether tell() has something to do.
    [[nodiscard]] bool has_any() const
    {
        return store_.own_people.has_any(are_counts_due());
    }
    // REQUIRES: it is open, and entries may be appended.
    void tell(Log& appending);

private:
    // Outlives the teller, whose entries are then still on their way.
    struct Way {
        size_t entries = 0;
        bool lost = false; // some of them
    };

    [[nodiscard]] bool are_counts_due() const;
    bool tell_some(Log& appending, bool with_counts);

    Store& store_;
    const Clock& host_;
    std::shared_ptr<Way> way_ = std::make_shared<Way>();
    std::vector<PersonNews> news_;
    int64_t counted_ms_ = INT64_MIN / 2; // when counts were told last
    int64_t lost_ms_ = INT64_MIN / 2;
};

} // namespace ws_pubsub
