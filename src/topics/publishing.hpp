// How a message gets into its topic: whether it may, where it finds room, and
// who is told.
//
// For one change, a publish. REQUIRES the lock, and nothing of the transaction
// open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/result.hpp"
#include "shm/transaction.hpp"
#include "topics/change.hpp"
#include "topics/eviction.hpp"
#include "topics/topic_log.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

// In a zone that follows a log: the host has too little memory for what the log
// says. Nothing has changed, but that history may have gone; while there is
// any, another try gets further.
inline constexpr Error kNoMemory{Errc::unavailable,
                                 "the zone is too small to follow the log"};

class Publishing {
public:
    Publishing(TopicParts& parts, Transaction& tx, const Change& change)
        : parts_(parts), header_(parts.header), tx_(tx), change_(change),
          eviction_(parts, tx, change.item_bytes())
    {}

    // What an earlier publish with the same idempotency key was answered;
    // nothing if there was none.
    std::optional<Result<ChangeAnswer>> replay();
    // Errors: condition_fails; zone_full, with the cause idempotency_key where
    // it is keys that there is no room for; kNoMemory. Whatever fails, the
    // topic stays as it was.
    Result<ChangeAnswer> publish();
    // The same as a part of the transaction at hand, whose end it is not: no
    // room is made for it, and nothing but the change itself is done. False:
    // there is none, and the caller takes back what was begun.
    bool add();

private:
    // What the message may use: all but the first only where it replaces a
    // value that is no smaller.
    enum class Room : uint8_t { ordinary, reserve, spare };

    Result<ChangeAnswer> noted(const Result<ChangeAnswer>& result);
    [[nodiscard]] bool may_publish() const;
    Topic* topic_to_publish();
    std::optional<ChangeAnswer> append(Room room);
    ChangeAnswer count_message(Topic& topic);
    void link(Topic& topic, void* block, const Position& at);
    [[nodiscard]] size_t to_leave_free() const;
    bool has_block(size_t bytes);
    bool make_room();
    bool expire_or_make_room();
    [[nodiscard]] bool replaces(const Topic& topic) const;
    std::optional<ChangeAnswer> replace_value();
    std::optional<ChangeAnswer> replace_by_spare(Topic& topic);
    bool grow();
    Result<ChangeAnswer> use_all();

    TopicParts& parts_;
    TopicsHeader& header_;
    Transaction& tx_;
    const Change& change_;
    Eviction eviction_;
    size_t free_before_ = 0;   // bytes, when the first try began
    size_t missing_bytes_ = 0; // in the last try; 0: it can't say
    size_t tries_ = 0;         // after which room was made
    bool expired_ = false;     // what was too old has gone
    bool allowed_ = true;      // the condition still holds
    int64_t growth_ = 0;       // in logical bytes
};

} // namespace ws_pubsub
