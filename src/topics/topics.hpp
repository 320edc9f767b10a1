// The topics of a zone: what is published in them, and what they keep.
//
// One object in each process. Every function takes the zone's lock for itself
// and copies what it answers.
//
// Thread safety: one thread a process; any number of processes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/topic.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"
#include "topics/batch.hpp"
#include "topics/change.hpp"
#include "topics/kept_messages.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

struct TopicRow {
    std::string path;
    Position newest;
    // The epoch of the position that a subscription goes on from, where the
    // topic has forked since; 0: it has not.
    uint64_t was = 0;
};

class Topics {
public:
    Topics(ZoneAccess& access, TopicsHeader& header, Readers& readers)
        : access_(access), header_(header), parts_(access, header, readers)
    {}

    // What comes of the change. It says all that decides that, but for what is
    // in the zone. Errors: condition_fails, conflict (the key had another
    // body), zone_full; the topic stays as it was.
    Result<ChangeAnswer> apply(const Change& change);
    // Fills in what a change takes from where it is made: the time by which
    // ages are told, and the hash of what was sent with a key.
    void stamp(Change& change) const
    {
        change.ticks_ms = access_.clock.ticks_ms();
        if (!change.idempotency_key.empty()) {
            change.body_hash = parts_.keys.hash_body(change.body());
        }
    }

    // Both stamp the change, and apply it.
    Result<ChangeAnswer> publish(Change change);
    // True if the topic was there.
    Result<bool> remove(std::string_view path, int64_t now_ms,
                        const Condition& condition = {});
    // Publishes what `revise` makes of the topic's value, which nobody else
    // can change meanwhile. It runs under the lock, so it is for those only
    // who have lost enough races. The change may refer to the batch.
    // REQUIRES: one with an idempotency key has a keyed_body.
    using Revision = std::function<std::optional<Error>(
        const ReadAnswer& answer, const Batch& value, Change& made)>;
    Result<ChangeAnswer> publish_revised(Change change, const Revision& revise);
    // What an earlier publish with this topic and idempotency key was
    // answered; nothing if there was none.
    std::optional<Result<ChangeAnswer>> find_answer(Change change);

    // With which Condition::at holds; epoch 0: the topic does not exist.
    [[nodiscard]] Position newest(std::string_view path);
    // Whether the topic that is there goes on from that position, though it
    // may have another epoch now.
    [[nodiscard]] bool is_known(std::string_view path, const Position& at);
    // Begins a term, see topics/forks.hpp.
    void begin_term(uint64_t jump);
    ReadAnswer read(std::string_view path, const ReadFrom& from,
                    const ReadLimits& limits, Batch& out);
    // The next few topics in path order, of which those that match come into
    // `out`, up to `limit` in all; `after` goes along. For long lists that
    // must not be in one piece: `left` is what may still be looked at, and
    // gets less by what was. `ended`: also topics that are gone, at epoch 0, as
    // long as some worker has not been told.
    enum class Scan : uint8_t { paused, full, ended };
    enum class Ended : bool { left_out, taken };
    Scan scan(const Selector& selector, std::string& after, size_t limit,
              std::vector<TopicRow>& out, size_t& left,
              Ended ended = Ended::left_out);
    // Up to `limit` topics in path order after `after`, however long it takes.
    // True: there are more.
    bool list(const Selector& selector, std::string_view after, size_t limit,
              std::vector<TopicRow>& out);

    // Does what time brings, and what others left to be done, as far as one
    // hold of the lock allows. True: there is more.
    bool look_after(Transaction& tx, int64_t ticks_ms);

    // For those who read: what works on topics under the lock.
    TopicParts& parts() { return parts_; }

private:
    Result<ChangeAnswer> apply_locked(Transaction& tx, const Change& change);
    ChangeAnswer expire(Transaction& tx, const Change& change);
    void tell_refusal(const Error& error);

    ZoneAccess& access_;
    TopicsHeader& header_;
    TopicParts parts_;
};

} // namespace ws_pubsub
