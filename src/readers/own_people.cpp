#include "readers/own_people.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

#include "base/topic.hpp"
#include "readers/lease.hpp"
#include "shm/list.hpp"
#include "topics/shares.hpp"

namespace ws_pubsub {

namespace {

using Listed = ZoneList<&OwnPerson::prev, &OwnPerson::next>;

// People that are told of, or that others have been told of, in one hold of the
// lock.
constexpr size_t kToldPerLock = 64;

// Holds of the lock for an entry.
constexpr size_t kLocksPerEntry = 64;

// What an entry has of each beside the texts.
constexpr size_t kPersonBytes = 6;

size_t index_of(Telling telling)
{
    return static_cast<size_t>(telling);
}

template <class T>
T peek(T& field)
{
    return std::atomic_ref<T>(field).load(std::memory_order_relaxed);
}

} // namespace

// --- the records

bool OwnPeople::is_told_of(const Topic& topic) const
{
    return header_.cluster.state != ClusterState::off &&
           !is_reserved(const_cast<Topic&>(topic).path());
}

// REQUIRES: there are buckets.
OwnPerson*& OwnPeople::bucket(uint64_t hash) const
{
    return book().buckets[hash & (header_.presence_bucket_count - 1)];
}

OwnPerson* OwnPeople::find(const PersonIn& who) const
{
    if (book().buckets == nullptr) {
        return nullptr;
    }
    OwnPerson* person = bucket(who.hash);
    while (person != nullptr &&
           (person->hash != who.hash || person->topic != &who.topic ||
            person->identity() != who.identity)) {
        person = person->hash_next;
    }
    return person;
}

bool OwnPeople::make_buckets(Transaction& tx)
{
    const size_t bytes = header_.presence_bucket_count * sizeof(OwnPerson*);
    void* block = tx.allocate(bytes);
    if (block == nullptr) {
        return false;
    }
    std::memset(block, 0, bytes);
    tx.set(book().buckets, static_cast<OwnPerson**>(block));
    return true;
}

// nullptr when there is no room for subscribers. REQUIRES: the topic has
// presence.
OwnPerson* OwnPeople::make(Transaction& tx, const PersonIn& who)
{
    const size_t bytes = OwnPerson::bytes_of(who.identity);
    if (book().buckets == nullptr && !make_buckets(tx)) {
        return nullptr;
    }
    void* block = tx.allocate(bytes);
    if (block == nullptr) {
        return nullptr;
    }
    auto* person = new (block) OwnPerson{};
    std::memcpy(person + 1, who.identity.data(), who.identity.size());
    person->identity_bytes = static_cast<uint8_t>(who.identity.size());
    person->topic = &who.topic;
    person->hash = who.hash;
    person->hash_next = bucket(who.hash);
    person->round = book().round;
    person->known = true;
    tx.set(bucket(who.hash), person);
    PersonList& list = list_of(*person);
    Listed::push_back(tx, list.head, list.tail, *person);
    tx.set(who.topic.presence->own, who.topic.presence->own + 1);
    Shares shares(header_, tx);
    shares.hold(bytes);
    return shares.is_within() ? person : nullptr;
}

// Its topic may not be needed any more.
void OwnPeople::free(Transaction& tx, OwnPerson& person)
{
    OwnPerson** link = &bucket(person.hash);
    while (*link != &person) {
        link = &(*link)->hash_next;
    }
    tx.set(*link, person.hash_next);
    unlink(tx, person);
    TopicPresence& presence = *person.topic->presence;
    tx.set(presence.own, presence.own - 1);
    Shares(header_, tx).let_go(OwnPerson::bytes_of(person.identity()));
    tx.release(&person);
}

// --- how far they are known

PersonList& OwnPeople::list_of(const OwnPerson& person) const
{
    const bool is_lost =
        person.telling == Telling::told && person.number <= book().lost;
    return book().lists[index_of(is_lost ? Telling::lost : person.telling)];
}

void OwnPeople::unlink(Transaction& tx, OwnPerson& person)
{
    PersonList& list = list_of(person);
    Listed::remove(tx, list.head, list.tail, person);
}

void OwnPeople::move(Transaction& tx, OwnPerson& person, Telling to)
{
    unlink(tx, person);
    tx.set(person.telling, to);
    PersonList& list = list_of(person);
    Listed::push_back(tx, list.head, list.tail, person);
}

// Those of whom somebody may know nothing are first.
void OwnPeople::settle(Transaction& tx, OwnPerson& person)
{
    if (person.round == book().round) {
        return move(tx, person, Telling::settled);
    }
    unlink(tx, person);
    tx.set(person.telling, Telling::settled);
    PersonList& list = list_of(person);
    if (list.tail == nullptr) {
        tx.set(list.tail, &person);
    }
    Listed::push_front(tx, list.head, person);
    tx.set(book().retelling, true);
}

void OwnPeople::wake_leader(Transaction& tx)
{
    LeaseBook& lease = header_.cluster.lease;
    if (Lease(header_, lease).is_led_by(lease.slot)) {
        tx.wake(lease.slot, header_.workers[lease.slot].wake);
    }
}

void OwnPeople::mark(Transaction& tx, OwnPerson& person, Telling wanted)
{
    PersonList& list = list_of(person);
    if (person.telling == Telling::news || person.telling == wanted ||
        &list == &book().lists[index_of(Telling::lost)]) {
        return;
    }
    const bool is_first = book().lists[index_of(Telling::news)].head == nullptr;
    move(tx, person, wanted);
    if (wanted == Telling::news && is_first) {
        wake_leader(tx);
    }
}

bool OwnPeople::join(Transaction& tx, const PersonIn& who)
{
    if (!is_told_of(who.topic)) {
        return true;
    }
    OwnPerson* person = find(who);
    person = person != nullptr ? person : make(tx, who);
    if (person == nullptr) {
        return false;
    }
    const bool comes = person->connections == 0;
    tx.set(person->connections, person->connections + 1);
    tx.set(person->expected, false);
    mark(tx, *person, comes ? Telling::news : Telling::count);
    return true;
}

void OwnPeople::leave(Transaction& tx, const PersonIn& who,
                      uint32_t connections, bool expected_back)
{
    OwnPerson* person = find(who);
    if (person == nullptr) {
        return;
    }
    tx.set(person->connections,
           person->connections - std::min(connections, person->connections));
    if (person->connections != 0) {
        if (connections != 0) {
            mark(tx, *person, Telling::count);
        }
        return;
    }
    tx.set(person->expected, expected_back);
    if (expected_back) {
        return;
    }
    if (person->known && person->told == 0) {
        return free(tx, *person); // nobody was told that it was there
    }
    mark(tx, *person, Telling::news);
}

// --- telling

bool OwnPeople::has_counts() const
{
    return peek(book().lists[index_of(Telling::count)].head) != nullptr;
}

bool OwnPeople::has_any(bool with_counts) const
{
    return peek(book().lists[index_of(Telling::news)].head) != nullptr ||
           peek(book().lists[index_of(Telling::lost)].head) != nullptr ||
           (with_counts && has_counts()) || peek(book().retelling);
}

// nullptr: there is none.
OwnPerson* OwnPeople::first_to_tell(Transaction& tx, bool with_counts)
{
    for (const Telling telling :
         {Telling::news, Telling::lost, Telling::count}) {
        OwnPerson* first = book().lists[index_of(telling)].head;
        if (first != nullptr && (telling != Telling::count || with_counts)) {
            return first;
        }
    }
    if (!book().retelling) {
        return nullptr;
    }
    OwnPerson* first = book().lists[index_of(Telling::settled)].head;
    if (first != nullptr && first->round != book().round) {
        return first;
    }
    tx.set(book().retelling, false);
    return nullptr;
}

// False: there is nothing to tell.
bool OwnPeople::tell_of(Transaction& tx, OwnPerson& person, uint64_t number)
{
    const bool all_know = person.known && person.told == person.connections &&
                          person.round == book().round;
    tx.set(person.round, book().round);
    if (all_know) {
        settle(tx, person);
        return false;
    }
    tx.set(person.known, false);
    if (person.connections == 0 && person.expected) {
        settle(tx, person); // until it is back, or has left
        return false;
    }
    unlink(tx, person);
    tx.set(person.told, person.connections);
    tx.set(person.number, number);
    tx.set(person.telling, Telling::told);
    PersonList& list = list_of(person);
    Listed::push_back(tx, list.head, list.tail, person);
    return true;
}

// False: that is all, or enough for an entry.
bool OwnPeople::take_some(Transaction& tx, bool with_counts, uint64_t& number,
                          size_t& bytes, std::vector<PersonNews>& out)
{
    if (number == 0) {
        number = book().number + 1;
        tx.set(book().number, number);
    } else if (number != book().number) {
        return false; // somebody else has begun the next one
    }
    for (size_t i = 0; i < kToldPerLock; i++) {
        OwnPerson* person = first_to_tell(tx, with_counts);
        if (person == nullptr || bytes >= kEntryBytes) {
            return false;
        }
        if (tell_of(tx, *person, number)) {
            const std::string_view topic = person->topic->path();
            out.push_back({std::string(topic), std::string(person->identity()),
                           person->connections});
            bytes += topic.size() + person->identity_bytes + kPersonBytes;
        }
    }
    return true;
}

uint64_t OwnPeople::take(bool with_counts, std::vector<PersonNews>& out)
{
    const size_t before = out.size();
    uint64_t number = 0;
    size_t bytes = 0;
    bool more = true;
    for (size_t i = 0; i < kLocksPerEntry && more; i++) {
        Transaction tx(access_);
        more = take_some(tx, with_counts, number, bytes, out);
    }
    return out.size() == before ? 0 : number;
}

void OwnPeople::tell_again()
{
    Transaction tx(access_);
    PersonList& told = book().lists[index_of(Telling::told)];
    PersonList& lost = book().lists[index_of(Telling::lost)];
    tx.set(book().lost, book().number);
    if (told.head == nullptr) {
        return;
    }
    tx.set(told.head->prev, lost.tail);
    tx.set(lost.tail != nullptr ? lost.tail->next : lost.head, told.head);
    tx.set(lost.tail, told.tail);
    tx.set(told.head, nullptr);
    tx.set(told.tail, nullptr);
}

bool OwnPeople::settle(Transaction& tx, uint64_t number)
{
    PersonList& told = book().lists[index_of(Telling::told)];
    for (size_t i = 0; i < kToldPerLock; i++) {
        if (told.head == nullptr || told.head->number > number) {
            return true;
        }
        OwnPerson& person = *told.head;
        if (person.number < number) { // its entry will never come
            move(tx, person, Telling::news);
            tx.commit();
            continue;
        }
        Topic& topic = *person.topic;
        tx.set(person.known, true);
        if (person.connections == 0 && !person.expected) {
            free(tx, person);
        } else {
            settle(tx, person);
        }
        topics_.tidying.commit_or_free(tx, topic, Tidying::kBeside);
    }
    return false;
}

void OwnPeople::tell_all(Transaction& tx)
{
    tx.set(book().round, book().round + 1);
    tx.set(book().retelling, true);
}

} // namespace ws_pubsub
