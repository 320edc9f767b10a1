// What there is of a log, as a Redis says it: of what is asked, and what its
// replies mean.
//
// Where the log's key has something else, or a stream of somebody's, that is
// not ours to touch. A stream is ours by the text of its genesis, which others
// do not make; without one, by its entries.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "log/snapshot_store.hpp"
#include "redis/log_keys.hpp"
#include "redis/reply.hpp"

namespace ws_pubsub::redis {

// Of a command.
using Words = std::vector<std::string>;

class Ground {
public:
    // To be asked in this order.
    static std::vector<Words> questions(const LogKeys& keys);
    // Of the question of that number. The text of an error that says nothing
    // of the log; empty: there is none.
    std::string take(size_t question, const Reply& reply);

    // When all were taken.
    [[nodiscard]] const LogGround& what() const { return what_; }
    // Of all that there is of a log; zeroes: there is nothing.
    [[nodiscard]] LogId last() const;

private:
    void take_genesis(const Reply& reply);
    void take_log(const Reply& info);

    LogGround what_;
    LogId last_{};
};

// Of the two the later one.
LogId later(const LogId& one, const LogId& other);

} // namespace ws_pubsub::redis
