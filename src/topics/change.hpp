// A write to a topic as a value, and what came of it.
//
// What a zone makes of a change depends on the change and on the zone's topics:
// not on the time, the process or the host that applies it. But for two things:
// there may be no room for it, and a topic that is idle stays while it is read
// or waited for. In a zone that follows a log (topics/replica_book.hpp) these
// decide nothing, either.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/message.hpp"
#include "base/result.hpp"
#include "shm/transaction.hpp"
#include "topics/layout.hpp"

namespace ws_pubsub {

// What has to be so for a change to happen. A topic exists from its first
// message until it is removed; one that retains its value, not while that is
// older than its ttl.
struct Condition {
    enum class Kind : uint8_t { none, absent, exists, at };
    Kind kind = Kind::none;
    Position at; // with Kind::at: that of the newest message of a topic that
                 // exists

    // Of a topic whose newest message is at `newest`.
    [[nodiscard]] bool holds(bool topic_exists, const Position& newest) const
    {
        switch (kind) {
        case Kind::none:
            return true;
        case Kind::absent:
            return !topic_exists;
        case Kind::exists:
            return topic_exists;
        case Kind::at:
            return topic_exists && at == newest;
        }
        return false;
    }
};

// Who has asked for a change, as far as that is known; empty: nobody.
struct ChangeAuthor {
    std::string_view session; // its id
    std::string_view user;
    std::string_view identity;
};

struct ChangeAnswer {
    // Of the message that was published; or of the newest one of the topic that
    // was removed or looked at, epoch 0: it was not there.
    Position at;
    uint32_t subscribers = 0; // sessions on all workers, when it was published
};

// Who writes down what came of a change as a part of it.
class ChangeNote {
public:
    ChangeNote() = default;
    ChangeNote(const ChangeNote&) = delete;
    ChangeNote& operator=(const ChangeNote&) = delete;
    virtual ~ChangeNote() = default;

    // Called once for a publish or a removal, in the transaction that makes it,
    // under the lock. It must not fail, commit or allocate.
    virtual void note(Transaction& tx, const Result<ChangeAnswer>& result) = 0;
};

struct Change {
    enum class Op : uint8_t {
        publish, // a message more
        remove,  // the topic ceases to be; whoever reads it gets a gone mark
        expire   // what is too old goes, and the topic if nobody uses it
    };
    Op op = Op::publish;
    std::string_view topic;
    int64_t now_ms = 0;   // to be shown
    int64_t ticks_ms = 0; // by which ages are told
    Condition condition;  // not asked by expire, nor by remove if there is
                          // nothing to remove

    // Of a publish alone.
    PayloadKind kind = PayloadKind::text;
    std::string_view content_type;
    std::string_view payload;
    Policy policy;
    std::string_view idempotency_key; // empty: none
    std::string_view keyed_body;      // sent with the key; empty: the payload
    uint64_t body_hash = 0; // by which two bodies of one key are told apart
    KeyShare key_share = KeyShare::application;
    const ChangeAuthor* author = nullptr; // for those who are told of it

    ChangeNote* note = nullptr;

    [[nodiscard]] std::string_view body() const
    {
        return keyed_body.empty() ? payload : keyed_body;
    }
    [[nodiscard]] size_t item_bytes() const
    {
        return Item::bytes_of(content_type, payload);
    }
};

// A change that removes the topic, not stamped.
inline Change removal_of(std::string_view topic, int64_t now_ms,
                         const Condition& condition)
{
    Change change;
    change.op = Change::Op::remove;
    change.topic = topic;
    change.now_ms = now_ms;
    change.condition = condition;
    return change;
}

} // namespace ws_pubsub
