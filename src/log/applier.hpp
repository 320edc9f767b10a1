// Applies the entries of a log to the topics of a zone, one after the other.
//
// What comes of an entry depends on the entry, on its id, and on what earlier
// ones have made, and on nothing else: not on the host's clock, its memory, who
// reads there, how it is configured or hashed, nor on when it happens. So all
// hosts that have applied the log up to the same entry have the same topics,
// values, keys and positions. Only of history each has what it has room for.
//
// An entry is one transaction, in which the zone also notes that it was
// applied, and who waits for it has his answer: a worker that is killed at any
// instruction leaves all of it or nothing. So it does no harm when two apply
// the same entries. Before it, what is due by its time goes (log/log_time.hpp),
// in as many holds of the lock as that takes.
//
// What hosts tell of people decides nothing, and is no part of that: it is
// passed on a few at a time, and may be so again.
//
// Thread safety: one thread a process; any number of processes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "log/entry.hpp"
#include "readers/people.hpp"
#include "shm/transaction.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

// Who passes answers on to those who wait for them.
class EntryAnswers {
public:
    EntryAnswers() = default;
    EntryAnswers(const EntryAnswers&) = delete;
    EntryAnswers& operator=(const EntryAnswers&) = delete;
    virtual ~EntryAnswers() = default;

    // What came of a publish or a removal, in the transaction that applies it,
    // under the lock. It must not fail, commit or allocate. Errors:
    // condition_fails, conflict, zone_full.
    virtual void answer(Transaction& tx, const EntryHead& head,
                        const Result<ChangeAnswer>& result) = 0;
};

enum class Applied : uint8_t {
    done,
    skipped,    // it had been, or was appended twice: there is no answer
    more,       // not yet: call again with the same entry
    stuck,      // the host has too little memory; nothing has changed
    unreadable, // no such entry may be in a log; nothing has changed
    lost        // the zone has to be made anew from a snapshot: that was begun
                // and is not done, or time has passed here for an entry that
                // is no more in the log
};

class EntryEnd;

// Where a zone begins that follows a log.
struct ReplicaStart {
    LogId last{}; // what it has of the log
    uint64_t last_nonce = 0;
    int64_t time_ms = 0;
    uint64_t next_epoch = 1;
};

class Applier {
public:
    // `host`: the host's own clock, not the zone's. `people`: where nobody
    // hears of them null.
    Applier(TopicParts& parts, const Clock& host, EntryAnswers& answers,
            People* people = nullptr)
        : parts_(parts), host_(host), answers_(answers), people_(people)
    {}

    // The zone follows a log from now on. REQUIRES: there are no topics in it.
    void begin(const ReplicaStart& start);
    // Applies the entry, or does a part of what it takes, in one hold of the
    // lock.
    Applied step(const LogId& id, const LogEntry& entry);
    // The topics that this host's readers are to touch, as far as they have
    // come up since the last call.
    std::vector<std::string> take_touched()
    {
        return std::exchange(touched_, {});
    }

private:
    friend class EntryEnd;

    Applied apply(Transaction& tx, const LogId& id, const LogEntry& entry,
                  int64_t time_ms);
    Applied apply_change(Transaction& tx, EntryEnd& end, Change change,
                         int64_t time_ms);
    Applied apply_touch(Transaction& tx, const EntryHead& head,
                        const TouchEntry& touch, int64_t time_ms);
    Applied apply_here(Transaction& tx, const EntryHead& head,
                       const HereEntry& here);
    void apply_alive(Transaction& tx, const AliveEntry& alive, int64_t time_ms);
    void apply_term(Transaction& tx, const LogId& id, const TermEntry& term);
    Applied go_on_at(Transaction& tx, const EntryHead& head, size_t place);
    [[nodiscard]] size_t place_in(const EntryHead& head, size_t end) const;
    // When there was too little memory for an entry, and some was made.
    [[nodiscard]] Applied try_again() const;

    TopicParts& parts_;
    const Clock& host_;
    EntryAnswers& answers_;
    People* people_;
    std::vector<std::string> touched_;
};

} // namespace ws_pubsub
