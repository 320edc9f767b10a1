// What is waiting for each worker.
//
// A worker's inbox is the list of its interests that have something unread:
// at most one entry a topic, however many messages wait, so it needs no limit
// of its own and a slow worker costs a publisher nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "readers/interests.hpp"
#include "readers/layout.hpp"
#include "readers/presence_events.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"
#include "topics/batch.hpp"
#include "topics/kept_messages.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

// What a worker finds in its inbox.
struct Delivery {
    Interest* interest = nullptr; // stays valid until Interests::drop()
    uint64_t token = 0;
    Position newest;  // of the topic, whether it was read by now or not
    std::string path; // filled only when the token is 0
    // Only this: the worker is to say how far it has come (readers/resuming).
    bool displaced = false;
    std::vector<PresenceChange> presence;
};

class Inboxes {
public:
    Inboxes(ZoneAccess& access, ZoneHeader& header, TopicParts& topics,
            Interests& interests, PresenceEvents& events)
        : access_(access), header_(header), topics_(topics),
          interests_(interests), events_(events)
    {}

    // The next topic with unread items, up to about `max_bytes` of them; none
    // if all were evicted. Without an interest: there was work, but nothing to
    // deliver. False when the inbox is empty, or the zone is not served.
    bool read(WorkerId worker, size_t max_bytes, Delivery& delivery,
              Batch& out);
    // The unread items of one topic, up to about `max_unread` bytes of them
    // (0: none); then, if that was all, what `from` asks of those before.
    // Nothing where the zone is not served.
    ReadAnswer catch_up(Interest& interest, const ReadFrom& from,
                        const ReadLimits& limits, size_t max_unread,
                        Batch& unread, Batch& kept);
    // Whether the worker's may have something, without the lock: to be asked
    // after it was woken.
    [[nodiscard]] bool may_have_unread(WorkerId worker) const;

    // These REQUIRE the lock.
    // Puts the topic into the inbox of each interested worker, and wakes those
    // whose inbox was empty. Returns the number of their sessions.
    uint32_t changed(Transaction& tx, Topic& topic);
    // Frees the first interest in the slot's inbox. REQUIRES: there is one.
    void free_first(Transaction& tx, WorkerSlot& slot);

private:
    static void name(Interest& interest, Delivery& delivery);
    // Returns whether the inbox was empty.
    bool push(Transaction& tx, WorkerSlot& slot, Interest& interest);
    void pop(Transaction& tx, WorkerSlot& slot);
    bool read_unread(Transaction& tx, Interest& interest, size_t max_bytes,
                     Batch& out);

    ZoneAccess& access_;
    ZoneHeader& header_;
    TopicParts& topics_;
    Interests& interests_;
    PresenceEvents& events_;
};

// A part of each publish.
inline bool Inboxes::push(Transaction& tx, WorkerSlot& slot, Interest& interest)
{
    const bool was_empty = slot.inbox_tail == nullptr;
    tx.set(interest.in_inbox, true);
    tx.set(interest.inbox_next, nullptr);
    tx.set(was_empty ? slot.inbox_head : slot.inbox_tail->inbox_next,
           &interest);
    tx.set(slot.inbox_tail, &interest);
    return was_empty;
}

inline uint32_t Inboxes::changed(Transaction& tx, Topic& topic)
{
    uint32_t subscribers = 0;
    for (Interest* interest = topic.interests; interest != nullptr;
         interest = interest->topic_next) {
        WorkerSlot& slot = header_.workers[interest->worker];
        if (interest->is_dropped() || slot.ending) {
            continue;
        }
        subscribers += interest->subscribers;
        if (!interest->in_inbox && push(tx, slot, *interest)) {
            tx.wake(interest->worker, slot.wake);
        }
    }
    return subscribers;
}

} // namespace ws_pubsub
