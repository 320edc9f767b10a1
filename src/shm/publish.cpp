#include <cstring>

#include "shm/store.hpp"
#include "shm/topic_log.hpp"

namespace ws_pubsub {

namespace {

constexpr Error kConditionFails{Errc::conflict, "the condition does not hold",
                                Cause::condition};
constexpr Error kZoneFull{Errc::zone_full, "the zone is full"};

// Too old messages that a publish in their topic lets go.
constexpr size_t kExpiredAtATime = 16;

// A topic whose value has become too old is as good as none, to whom a topic
// matters that has one.
bool holds(const Condition& condition, const Topic* topic, int64_t now_ms)
{
    const bool there = topic != nullptr && topic->epoch != 0;
    const bool expired =
        there && topic->retain && TopicLog::value(*topic, now_ms) == nullptr;
    switch (condition.kind) {
    case Condition::Kind::none:
        return true;
    case Condition::Kind::absent:
        return !there || expired;
    case Condition::Kind::exists:
        return there && !expired;
    case Condition::Kind::at:
        return there && condition.at == Position{topic->epoch, topic->seq};
    }
    return false;
}

Item& fill_item(void* block, const Publication& publication, Position at)
{
    auto* item = new (block) Item{};
    item->epoch = at.epoch;
    item->seq = at.seq;
    item->time_ms = publication.now_ms;
    item->payload_bytes = static_cast<uint32_t>(publication.payload.size());
    item->content_type_bytes =
        static_cast<uint8_t>(publication.content_type.size());
    item->payload_kind = publication.kind;
    item->kind = ItemKind::message;
    char* bytes = item->bytes();
    publication.content_type.copy(bytes, publication.content_type.size());
    publication.payload.copy(bytes + publication.content_type.size(),
                             publication.payload.size());
    return *item;
}

} // namespace

Topic* Store::topic_to_publish(Transaction& tx, const Publication& publication)
{
    Topic* topic = table_.find(publication.topic);
    if (topic == nullptr) {
        topic = table_.insert(tx, publication.topic);
    }
    if (topic == nullptr) {
        return nullptr;
    }
    if (topic->keep != publication.policy.keep()) {
        tx.set(topic->keep, publication.policy.keep());
    }
    if (topic->retain != publication.policy.retain) {
        tx.set(topic->retain, publication.policy.retain);
    }
    if (!set_clock(tx, *topic, publication.policy, publication.now_ms) ||
        (topic->epoch == 0 && !begin_epoch(tx, *topic))) {
        return nullptr;
    }
    return topic;
}

// The topic comes to be.
bool Store::begin_epoch(Transaction& tx, Topic& topic)
{
    tx.set(topic.epoch, header_.next_epoch);
    tx.set(topic.seq, uint64_t{0});
    tx.set(header_.next_epoch, header_.next_epoch + 1);
    tx.set(header_.totals.topics, header_.totals.topics + 1);
    return tell_selectors(tx, topic);
}

// The topic ceases to be; what is left of it goes as it is read.
void Store::end_epoch(Transaction& tx, Topic& topic)
{
    TopicLog(header_, tx).age_value(topic);
    tx.set(topic.epoch, uint64_t{0});
    tx.set(topic.seq, uint64_t{0});
    tx.set(header_.totals.topics, header_.totals.topics - 1);
}

// Puts the topic into the inbox of each interested worker. Returns the number
// of its sessions.
uint32_t Store::notify_readers(Transaction& tx, Topic& topic)
{
    uint32_t subscribers = 0;
    for (Interest* interest = topic.interests; interest != nullptr;
         interest = interest->topic_next) {
        if (!interest->dropped) {
            subscribers += interest->subscribers;
            push_inbox(tx, *interest);
        }
    }
    return subscribers;
}

void Store::wake_readers()
{
    for (const WorkerId worker : to_wake_) {
        waker_.wake(worker, header_.workers[worker].wake_fd);
    }
    to_wake_.clear();
}

// Appends the message, or changes nothing: nullopt when the zone is full.
std::optional<PublishAnswer>
Store::try_publish(Transaction& tx, const Publication& publication, Room room)
{
    const size_t free_before = memory_.free_bytes();
    void* block = room == Room::spare ? header_.spare
                                      : tx.allocate(publication.item_bytes());
    Topic* topic =
        block == nullptr ? nullptr : topic_to_publish(tx, publication);
    PublishAnswer answer;
    if (topic != nullptr) {
        tx.set(topic->seq, topic->seq + 1);
        answer.at = {topic->epoch, topic->seq};
        answer.subscribers = notify_readers(tx, *topic);
    }
    const bool keyed =
        topic != nullptr && (publication.idempotency_key.empty() ||
                             add_key(tx, publication, answer));
    const size_t free_after = memory_.free_bytes();
    const size_t reserved =
        header_.reserve_bytes +
        (header_.spare == nullptr ? header_.spare_bytes : 0);
    const bool from_reserve = free_after < free_before && free_after < reserved;
    if (!keyed || (from_reserve && room == Room::ordinary)) {
        tx.rollback();
        to_wake_.clear();
        return std::nullopt;
    }
    if (room == Room::spare) {
        tx.set(header_.spare, nullptr);
    }
    TopicLog log(header_, tx);
    log.append(*topic, fill_item(block, publication, answer.at));
    tx.set(header_.totals.published, header_.totals.published + 1);
    schedule(tx, *topic);
    tx.commit();
    log.trim(*topic);
    log.drop_expired(*topic, publication.now_ms, kExpiredAtATime);
    return answer;
}

// What an earlier publish with the same idempotency key was answered.
std::optional<Result<PublishAnswer>>
Store::replay(Transaction& tx, const Publication& publication)
{
    const Topic* topic = publication.idempotency_key.empty()
                             ? nullptr
                             : table_.find(publication.topic);
    if (topic == nullptr) {
        return std::nullopt;
    }
    expire_keys(tx, publication.now_ms);
    const KeyRecord* known = find_key(*topic, publication.idempotency_key);
    if (known == nullptr) {
        return std::nullopt;
    }
    if (known->body_hash != hash_bytes(publication.body(), header_.seed)) {
        return Error{Errc::conflict, "the idempotency key had another body",
                     Cause::idempotency_key};
    }
    return PublishAnswer{{known->epoch, known->seq}, known->subscribers};
}

std::optional<Result<PublishAnswer>>
Store::find_answer(const Publication& publication)
{
    Transaction tx(memory_, header_);
    return replay(tx, publication);
}

bool Store::may_publish(const Publication& publication) const
{
    return publication.condition.kind == Condition::Kind::none ||
           holds(publication.condition, table_.find(publication.topic),
                 publication.now_ms);
}

Result<PublishAnswer> Store::publish_locked(Transaction& tx,
                                            const Publication& publication)
{
    if (auto earlier = replay(tx, publication)) {
        return *earlier;
    }
    if (!may_publish(publication)) {
        return kConditionFails;
    }
    auto answer = try_publish(tx, publication);
    if (!answer) {
        // What is too old goes first; that may be the topic itself.
        expire_some(tx, publication.now_ms);
        if (!may_publish(publication)) {
            return kConditionFails;
        }
        answer = try_publish(tx, publication);
    }
    Eviction evicted;
    while (!answer && evict_some(tx, publication.item_bytes(), evicted)) {
        answer = try_publish(tx, publication);
    }
    if (!answer) {
        answer = replace_value(tx, publication);
    }
    if (!answer) {
        header_.totals.refused++;
        return kZoneFull;
    }
    return *answer;
}

// What is done of a publish without the lock.
Result<PublishAnswer> Store::tell(const Result<PublishAnswer>& result)
{
    if (!result && result.error().code == Errc::zone_full) {
        memory_.refused();
    }
    wake_readers();
    return result;
}

Result<PublishAnswer> Store::publish(const Publication& publication)
{
    return tell([&] {
        Transaction tx(memory_, header_);
        return publish_locked(tx, publication);
    }());
}

Result<PublishAnswer> Store::publish_change(Publication publication,
                                            const Change& change)
{
    Batch value;
    return tell([&]() -> Result<PublishAnswer> {
        Transaction tx(memory_, header_);
        if (auto earlier = replay(tx, publication)) {
            return *earlier;
        }
        const ReadAnswer answer =
            read_kept(table_.find(publication.topic), {}, {}, value);
        if (const auto error = change(answer, value, publication)) {
            return *error;
        }
        return publish_locked(tx, publication);
    }());
}

Result<bool> Store::remove(std::string_view path, int64_t now_ms,
                           const Condition& condition)
{
    {
        Transaction tx(memory_, header_);
        Topic* topic = table_.find(path);
        if (topic == nullptr || topic->epoch == 0) {
            return false;
        }
        if (!holds(condition, topic, now_ms)) {
            return kConditionFails;
        }
        // Whoever reads the topic is told in its log.
        TopicLog log(header_, tx);
        const bool has_readers = topic->interests != nullptr;
        Item* mark = has_readers ? new_mark(tx, *topic, now_ms) : nullptr;
        if (has_readers && mark == nullptr) {
            drop_log(tx, *topic);
        }
        end_epoch(tx, *topic);
        if (mark != nullptr) {
            log.append(*topic, *mark);
            schedule(tx, *topic);
        }
        if (has_readers) {
            notify_readers(tx, *topic);
        }
        tx.commit();
        log.trim(*topic);
        trim_presence(tx, *topic);
        free_topic_if_unused(tx, *topic);
    }
    wake_readers();
    return true;
}

} // namespace ws_pubsub
