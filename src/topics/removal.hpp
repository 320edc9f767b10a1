// How a topic is removed: its readers are told in its log.
//
// For one change, a removal. REQUIRES the lock.
#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "shm/transaction.hpp"
#include "topics/change.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

class Removal {
public:
    Removal(TopicParts& parts, Transaction& tx, const Change& change)
        : parts_(parts), tx_(tx), change_(change)
    {}

    // Error: condition_fails.
    Result<ChangeAnswer> remove();

private:
    Result<ChangeAnswer> noted(const Result<ChangeAnswer>& result);
    Item* new_mark(const Topic& topic);
    void drop_log(Topic& topic);

    TopicParts& parts_;
    Transaction& tx_;
    const Change& change_;
};

} // namespace ws_pubsub
