// Takes all topics and keys out of a zone that follows a log, but for those
// that are the host's own: before it is filled with a snapshot.
//
// The zone is marked first: until whoever empties it has filled it again, it is
// not what it was at any position of the log, and nobody takes it for that.
// Whoever dies meanwhile leaves a zone that is sound, and marked; another one
// begins anew, and from then on the first one can do nothing any more.
//
// Readers stay, and go on with what the zone is filled with
// (readers/resuming.hpp).
//
// Thread safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "shm/transaction.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

class Emptying {
public:
    // Topics, messages and keys in one hold of the lock.
    static constexpr size_t kStepsPerLock = 256;

    enum class State : uint8_t {
        more,
        done,
        stale // somebody else fills the zone
    };

    // What the log may have lost of what the zone has.
    enum class Loss : uint8_t {
        none,
        possible, // it goes on from before, maybe, or it is another one
        rewound   // it goes on from before
    };

    // `replacing`: a random number, not 0.
    Emptying(TopicParts& parts, uint64_t replacing, Loss loss = Loss::none)
        : parts_(parts), replacing_(replacing), loss_(loss)
    {}

    // One hold of the lock.
    State step();
    // The zone is empty, and no more marked: it follows the log from its
    // beginning. REQUIRES: it is done.
    void end();

private:
    void mark(Transaction& tx);
    bool drop_keys(Transaction& tx, size_t& steps);
    bool drop_topics(Transaction& tx, size_t& steps);
    bool drop_topic(Transaction& tx, std::string_view path, size_t& steps);

    TopicParts& parts_;
    const uint64_t replacing_;
    const Loss loss_;
    bool marked_ = false;
    std::string path_; // of the last topic
};

} // namespace ws_pubsub
