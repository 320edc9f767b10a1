// What other hosts are told of those who are subscribed on this one.
//
// Of each identity and topic there is one record, which counts its connections
// on all workers, and is in a list by how far others know of them. Whoever
// follows the log takes those of whom something is to be told, and appends an
// entry of them, which has a number. What is told is how many connections there
// are, so it does no harm to tell it again: a record is told of until an entry
// of it was applied here, whichever worker dies meanwhile, and only then goes,
// where the identity has left.
//
// In a zone that is one host's alone there are no such records. Nor are there
// of topics that each host has for its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "readers/layout.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

// What others are to be told.
struct PersonNews {
    std::string topic;
    std::string identity;
    uint32_t connections = 0; // 0: it has left
};

// Somebody who is subscribed to a topic by its name. The hash is Presence's.
struct PersonIn {
    Topic& topic;
    uint64_t hash;
    std::string_view identity;
};

class OwnPeople {
public:
    // About so much of topics and identities is taken for one entry.
    static constexpr size_t kEntryBytes = 64UL * 1024;

    OwnPeople(ZoneAccess& access, ZoneHeader& header, TopicParts& topics)
        : access_(access), header_(header), topics_(topics)
    {}

    // Without the lock: whether take() would find somebody.
    [[nodiscard]] bool has_any(bool with_counts) const;
    [[nodiscard]] bool has_counts() const;

    // These take the lock.
    // Appends to `out` those of whom something is to be told, as many as an
    // entry may have, and returns that entry's number; 0: there are none.
    // `with_counts`: also those who are known to be there, but with another
    // number of connections.
    uint64_t take(bool with_counts, std::vector<PersonNews>& out);
    // What was taken so far, and has not come back, may never do so.
    void tell_again();

    // These REQUIRE it.
    // One connection more. False when there is no room for subscribers.
    bool join(Transaction& tx, const PersonIn& who);
    // So many less. `expected_back`: if these were the last ones it is away.
    void leave(Transaction& tx, const PersonIn& who, uint32_t connections,
               bool expected_back);
    // An entry of this host's was applied. False: call again, it takes longer.
    // Commits.
    bool settle(Transaction& tx, uint64_t number);
    // Somebody may know nothing of them: all are told of once more, a little at
    // a time.
    void tell_all(Transaction& tx);

private:
    [[nodiscard]] PeopleBook& book() const { return header_.cluster.people; }
    [[nodiscard]] bool is_told_of(const Topic& topic) const;
    OwnPerson*& bucket(uint64_t hash) const;
    [[nodiscard]] OwnPerson* find(const PersonIn& who) const;
    OwnPerson* make(Transaction& tx, const PersonIn& who);
    bool make_buckets(Transaction& tx);
    void free(Transaction& tx, OwnPerson& person);

    [[nodiscard]] PersonList& list_of(const OwnPerson& person) const;
    void unlink(Transaction& tx, OwnPerson& person);
    void move(Transaction& tx, OwnPerson& person, Telling to);
    void settle(Transaction& tx, OwnPerson& person);
    void mark(Transaction& tx, OwnPerson& person, Telling wanted);
    void wake_leader(Transaction& tx);

    OwnPerson* first_to_tell(Transaction& tx, bool with_counts);
    bool take_some(Transaction& tx, bool with_counts, uint64_t& number,
                   size_t& bytes, std::vector<PersonNews>& out);
    bool tell_of(Transaction& tx, OwnPerson& person, uint64_t number);

    ZoneAccess& access_;
    ZoneHeader& header_;
    TopicParts& topics_;
};

} // namespace ws_pubsub
