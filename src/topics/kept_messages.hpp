// What a topic keeps, and how it is read.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/message.hpp"
#include "topics/batch.hpp"
#include "topics/layout.hpp"

namespace ws_pubsub {

// Which of a topic's kept messages to read.
struct ReadFrom {
    enum class Kind : uint8_t { nothing, value, last, after };
    Kind kind = Kind::value;
    uint32_t last = 0; // with last: how many of the newest
    Position after;    // with after: what the reader has already
};

struct ReadLimits {
    size_t items = SIZE_MAX;
    size_t bytes = SIZE_MAX;
};

// Beside the messages of a read.
struct ReadAnswer {
    Position newest;   // epoch 0: the topic is not there
    bool known = true; // `after` has happened to the topic that is there
    bool found = true; // and nothing after it is lost
    uint64_t was = 0;  // the epoch of `after`, if the topic has forked since;
                       // 0: it has not
    uint64_t lost_from = 0; // seqs that are not there any more, both included;
    uint64_t lost_to = 0;   // from 0: none
    bool more = false;      // a limit cut the answer
    bool expired = false;   // the topic had a value that has become too old
    bool unread = false;    // Inboxes::catch_up(): there is more unread; what
                            // is kept was not read
    bool waits = false;     // the same: nothing was read, nor is known
};

// Appends what `from` asks of the topic (nullptr: it is not there) to `out`,
// all of it under the topic's epoch of now.
// REQUIRES the lock.
ReadAnswer read_kept(Topic* topic, const ReadFrom& from,
                     const ReadLimits& limits, int64_t ticks_ms, Batch& out);

} // namespace ws_pubsub
