#include <cstring>

#include "shm/store.hpp"
#include "shm/topic_log.hpp"

namespace ws_pubsub {

namespace {

// How much history one publish may push out before it is refused.
constexpr size_t kMaxEvictedItems = 256;
constexpr size_t kMaxEvictedShare = 16; // times the bytes that are wanted
constexpr size_t kEvictedAtATime = 4;

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

size_t item_bytes(const Publication& publication)
{
    return sizeof(Item) + publication.content_type.size() +
           publication.payload.size();
}

// Whether the message takes the place of a value that is no smaller.
bool replaces(const Publication& publication, const Topic& topic)
{
    const Item* value = topic.tail;
    return topic.retain && publication.idempotency_key.empty() &&
           value != nullptr && value->kind == ItemKind::message &&
           value->epoch == topic.epoch &&
           item_bytes(publication) <=
               sizeof(Item) + value->content_type_bytes + value->payload_bytes;
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

// Makes room for another try at something that needs about `bytes`: of history,
// and when there is none any more, of idempotency keys. False when that would
// cost too much, or there is nothing.
bool Store::evict_some(Transaction& tx, size_t bytes, Eviction& so_far)
{
    if (so_far.items >= kMaxEvictedItems &&
        so_far.bytes >= bytes * kMaxEvictedShare) {
        return false;
    }
    TopicLog log(header_, tx);
    for (size_t i = 0; i < kEvictedAtATime; i++) {
        if (!log.evict_oldest(so_far.bytes)) {
            if (header_.key_age_head == nullptr) {
                return i > 0;
            }
            so_far.bytes += sizeof(KeyRecord) + header_.key_age_head->key_bytes;
            drop_oldest_key(tx);
        }
        so_far.items++;
    }
    return true;
}

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
    void* block = tx.allocate(item_bytes(publication));
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
    const bool from_reserve =
        free_after < free_before && free_after < header_.reserve_bytes;
    if (!keyed || (from_reserve &&
                   (room != Room::reserve || !replaces(publication, *topic)))) {
        tx.rollback();
        to_wake_.clear();
        return std::nullopt;
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

// In a full zone a value may still be replaced: what that takes from the
// reserve comes back with the old value.
std::optional<PublishAnswer>
Store::replace_value(Transaction& tx, const Publication& publication)
{
    const size_t free_before = memory_.free_bytes();
    const auto answer = try_publish(tx, publication, Room::reserve);
    TopicLog log(header_, tx);
    size_t freed = 0;
    for (size_t i = 0;
         answer && i < kEvictedAtATime && memory_.free_bytes() < free_before &&
         log.evict_oldest(freed);
         i++) {
    }
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
    while (!answer && evict_some(tx, item_bytes(publication), evicted)) {
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

// That the topic is gone, for those who read it; at the cost of what may be
// evicted. nullptr when the zone is full.
Item* Store::new_mark(Transaction& tx, const Topic& topic, int64_t now_ms)
{
    Eviction evicted;
    void* block = tx.allocate(sizeof(Item));
    while (block == nullptr && evict_some(tx, sizeof(Item), evicted)) {
        block = tx.allocate(sizeof(Item));
    }
    if (block == nullptr) {
        return nullptr;
    }
    auto* mark = new (block) Item{};
    mark->kind = ItemKind::gone;
    mark->epoch = topic.epoch;
    mark->seq = topic.seq;
    mark->time_ms = now_ms;
    return mark;
}

// Takes all of the topic's log away, and the position that its mark would have
// had: its readers find out as when the mark was evicted.
void Store::drop_log(Transaction& tx, Topic& topic)
{
    TopicLog log(header_, tx);
    while (topic.head != topic.tail) {
        log.drop_head(topic);
        tx.commit();
    }
    if (topic.head != nullptr) {
        log.drop_head(topic);
    }
    tx.set(topic.next_pos, topic.next_pos + 1);
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
        free_topic_if_unused(tx, *topic);
    }
    wake_readers();
    return true;
}

} // namespace ws_pubsub
