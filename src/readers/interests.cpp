#include "readers/interests.hpp"

#include "shm/list.hpp"
#include "topics/shares.hpp"
#include "topics/topic_clocks.hpp"

namespace ws_pubsub {

namespace {

using OfWorker = ZoneList<&Interest::worker_prev, &Interest::worker_next>;

// Changes that events tell of, in one hold of the lock.
constexpr size_t kToldPerLock = 16;

bool has_unread(const Topic& topic, const Interest& interest)
{
    return interest.reading != ReadState::on ||
           interest.cursor + 1 != topic.next_pos ||
           (topic.presence != nullptr &&
            interest.presence_cursor + 1 != topic.presence->next_pos);
}

} // namespace

Interest* Interests::make(Transaction& tx, Topic& topic, WorkerId worker)
{
    void* block = tx.allocate(sizeof(Interest));
    if (block == nullptr) {
        return nullptr;
    }
    auto* interest = new (block) Interest{};
    interest->topic = &topic;
    interest->worker = worker;
    interest->cursor = topic.next_pos - 1;
    interest->presence_cursor =
        topic.presence == nullptr ? 0 : topic.presence->next_pos - 1;
    interest->topic_next = topic.interests;
    tx.set(topic.interests, interest);
    OfWorker::push_front_new(tx, header_.workers[worker].interests, *interest);
    TopicClocks(header_, tx).begin_reading(topic);
    return interest;
}

void Interests::count_new(Transaction& tx, const Topic& topic, size_t count)
{
    Shares shares(header_, tx);
    if (topic.epoch == 0) {
        shares.hold(sizeof(Interest), count);
    } else {
        shares.add_reading(sizeof(Interest), count);
    }
}

void Interests::free(Transaction& tx, Interest& interest)
{
    Topic& topic = *interest.topic;
    Interest** link = &topic.interests;
    while (*link != &interest) {
        link = &(*link)->topic_next;
    }
    tx.set(*link, interest.topic_next);

    OfWorker::remove(tx, header_.workers[interest.worker].interests, interest);
    tx.release(&interest);
    Shares shares(header_, tx);
    if (topic.epoch == 0) {
        shares.let_go(sizeof(Interest));
    } else {
        shares.remove_reading(sizeof(Interest), 1);
    }
    if (topic.interests == nullptr) {
        TopicClocks(header_, tx).end_reading(topic, access_.clock.ticks_ms());
    }
    occupancies_.changed(tx, topic);
    topics_.tidying.commit_or_free(tx, topic, Tidying::kBeside);
    (void)occupancies_.settle(tx);
}

void Interests::appeared(Transaction& tx, const Topic& topic)
{
    if (const size_t count = count_interests(topic); count != 0) {
        Shares shares(header_, tx);
        shares.let_go(sizeof(Interest), count);
        shares.add_reading(sizeof(Interest), count);
    }
}

void Interests::disappeared(Transaction& tx, const Topic& topic)
{
    if (const size_t count = count_interests(topic); count != 0) {
        Shares shares(header_, tx);
        shares.hold(sizeof(Interest), count);
        shares.remove_reading(sizeof(Interest), count);
    }
}

AddedInterest Interests::add(WorkerId worker, std::string_view path,
                             uint64_t token)
{
    Transaction tx(access_);
    Topic* topic = topics_.records.find_or_make(tx, path);
    Interest* interest =
        topic == nullptr ? nullptr : find_or_make(tx, *topic, worker);
    if (interest == nullptr) {
        tx.rollback();
        return {};
    }
    tx.set(interest->token, token);
    return {interest, position_of(*topic),
            interest->cursor + 1 != topic->next_pos};
}

// The worker's interest in the topic, also a new one; nullptr when there is no
// room for subscribers.
Interest* Interests::find_or_make(Transaction& tx, Topic& topic,
                                  WorkerId worker)
{
    for (Interest* interest = topic.interests; interest != nullptr;
         interest = interest->topic_next) {
        if (interest->worker == worker && !interest->is_dropped()) {
            return interest;
        }
    }
    Interest* interest = make(tx, topic, worker);
    if (interest == nullptr) {
        return nullptr;
    }
    count_new(tx, topic, 1);
    const Shares shares(header_, tx);
    const bool fits = topic.epoch == 0
                          ? shares.is_within()
                          : shares.may_read(access_.memory.free_bytes());
    return fits ? interest : nullptr;
}

void Interests::claim(Interest& interest, uint64_t token)
{
    Transaction tx(access_);
    tx.set(interest.token, token);
}

// Its worker frees the interest when its turn in the inbox comes.
void Interests::leave_to_inbox(Transaction& tx, Interest& interest)
{
    tx.set(interest.reading, ReadState::dropped);
    tx.set(interest.token, uint64_t{0});
    occupancies_.changed(tx, *interest.topic);
    tx.commit();
    (void)occupancies_.settle(tx);
}

void Interests::drop(Interest& interest)
{
    Transaction tx(access_);
    if (interest.in_inbox) {
        leave_to_inbox(tx, interest);
        topics_.tidying.tidy(tx, *interest.topic);
    } else {
        free(tx, interest);
    }
}

bool Interests::drop_if_gone(Interest& interest)
{
    Transaction tx(access_);
    const Topic& topic = *interest.topic;
    if (topic.epoch != 0 || has_unread(topic, interest) ||
        (topic.presence != nullptr && topic.presence->people != nullptr)) {
        return false;
    }
    if (interest.in_inbox) { // catch_up() was here before
        leave_to_inbox(tx, interest);
    } else {
        free(tx, interest);
    }
    return true;
}

void Interests::set_subscribers(std::span<const SubscriberCount> counts)
{
    while (!counts.empty()) {
        Transaction tx(access_);
        for (size_t told = 0; !counts.empty() && told < kToldPerLock;
             counts = counts.subspan(1)) {
            told += set_subscribers(tx, counts.front()) ? 1 : 0;
        }
    }
}

// Commits. True: that was told.
bool Interests::set_subscribers(Transaction& tx, const SubscriberCount& count)
{
    Topic& topic = *count.interest->topic;
    const bool room = occupancies_.expect(tx, topic);
    const bool begins = count.interest->subscribers == 0 && count.sessions > 0;
    tx.set(count.interest->subscribers, count.sessions);
    occupancies_.changed(tx, topic, room, begins);
    tx.commit();
    return occupancies_.settle(tx);
}

} // namespace ws_pubsub
