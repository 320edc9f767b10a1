#include "topics/publishing.hpp"

#include <algorithm>

#include "base/topic.hpp"
#include "topics/forks.hpp"
#include "topics/logical_bytes.hpp"
#include "topics/shares.hpp"
#include "topics/topic_clocks.hpp"

namespace ws_pubsub {

namespace {

constexpr Error kZoneFull{Errc::zone_full, "the zone is full"};
constexpr Error kKeysFull{Errc::zone_full,
                          "the zone has no more room for idempotency keys",
                          Cause::idempotency_key};

// Too old messages that a publish in their topic lets go, and too old keys
// where it brings one.
constexpr size_t kExpiredAtATime = 16;

// How often no more room is made than seems to be missing.
constexpr size_t kPlainTries = 2;

Item& fill_item(void* block, const Change& change, Position at)
{
    auto* item = new (block) Item{};
    item->epoch = at.epoch;
    item->seq = at.seq;
    item->time_ms = change.now_ms;
    item->born_ms = change.ticks_ms;
    item->payload_bytes = static_cast<uint32_t>(change.payload.size());
    item->content_type_bytes = static_cast<uint8_t>(change.content_type.size());
    item->payload_kind = change.kind;
    item->kind = ItemKind::message;
    char* bytes = item->bytes();
    change.content_type.copy(bytes, change.content_type.size());
    change.payload.copy(bytes + change.content_type.size(),
                        change.payload.size());
    return *item;
}

} // namespace

// The topic with the change's policy, also a new one; nullptr when the
// zone is full.
Topic* Publishing::topic_to_publish()
{
    Topic* topic = parts_.records.find_or_make(tx_, change_.topic);
    if (topic == nullptr) {
        return nullptr;
    }
    const Policy& policy = change_.policy;
    if (topic->keep != policy.keep()) {
        tx_.set(topic->keep, policy.keep());
    }
    if (topic->retain != policy.retain) {
        tx_.set(topic->retain, policy.retain);
    }
    if (!TopicClocks(header_, tx_).set(*topic, policy, change_.ticks_ms)) {
        return nullptr;
    }
    const bool lives = topic->epoch == 0
                           ? parts_.records.begin(tx_, *topic)
                           : Forks(header_, tx_).enter_term(*topic);
    return lives ? topic : nullptr;
}

// What a publish has to leave free: what messages leave to others, as far as it
// was free before.
size_t Publishing::to_leave_free() const
{
    return std::min<size_t>(free_before_,
                            Shares(header_, tx_).kept_from_messages());
}

// Appends the message, or changes nothing: nullopt when the zone is full, and
// missing_bytes_ says how much more it needs.
std::optional<ChangeAnswer> Publishing::append(Room room)
{
    void* block = room == Room::spare ? header_.spare
                                      : tx_.allocate(change_.item_bytes());
    Topic* topic = block == nullptr ? nullptr : topic_to_publish();
    const ChangeAnswer answer =
        topic == nullptr ? ChangeAnswer() : count_message(*topic);
    const bool keyed =
        topic != nullptr && (change_.idempotency_key.empty() ||
                             parts_.keys.add(tx_, *topic, change_, answer));
    const bool tells =
        keyed && parts_.readers.published(tx_, change_, answer.at,
                                          room == Room::ordinary);
    const size_t free_after = parts_.access.memory.free_bytes();
    const size_t to_leave = to_leave_free();
    const bool from_others = free_after < to_leave;
    if (!keyed || (from_others && room == Room::ordinary)) {
        missing_bytes_ = keyed ? to_leave - free_after : 0;
        tx_.rollback();
        return std::nullopt;
    }
    if (room == Room::spare) {
        tx_.set(header_.spare, nullptr);
    }
    link(*topic, block, answer.at);
    if (growth_ != 0) {
        LogicalBytes(header_, tx_).grow(growth_);
    }
    if (change_.note != nullptr) {
        change_.note->note(tx_, answer);
    }
    parts_.tidying.commit(tx_, *topic);
    TopicLog(header_, tx_)
        .drop_expired(*topic, change_.ticks_ms, kExpiredAtATime);
    if (tells) {
        parts_.readers.settle(tx_);
    }
    return answer;
}

// The topic has one more message; its readers find it.
ChangeAnswer Publishing::count_message(Topic& topic)
{
    tx_.set(topic.seq, topic.seq + 1);
    return {{topic.epoch, topic.seq}, parts_.readers.changed(tx_, topic)};
}

void Publishing::link(Topic& topic, void* block, const Position& at)
{
    TopicLog(header_, tx_).append(topic, fill_item(block, change_, at));
    tx_.set(header_.totals.published, header_.totals.published + 1);
    TopicClocks(header_, tx_).schedule(topic);
}

bool Publishing::add()
{
    void* block = tx_.allocate(change_.item_bytes());
    Topic* topic = block == nullptr ? nullptr : topic_to_publish();
    if (topic == nullptr) {
        return false;
    }
    link(*topic, block, count_message(*topic).at);
    return true;
}

std::optional<Result<ChangeAnswer>> Publishing::replay()
{
    const Topic* topic = change_.idempotency_key.empty()
                             ? nullptr
                             : parts_.records.find(change_.topic);
    if (topic == nullptr) {
        return std::nullopt;
    }
    if (!header_.replica.on) {
        parts_.keys.expire(tx_, change_.ticks_ms, kExpiredAtATime);
    }
    const KeyRecord* known =
        parts_.keys.find(*topic, change_.idempotency_key, change_.ticks_ms);
    if (known == nullptr) {
        return std::nullopt;
    }
    if (known->body_hash != change_.body_hash) {
        return Error{Errc::conflict, "the idempotency key had another body",
                     Cause::idempotency_key};
    }
    return ChangeAnswer{{Forks::epoch_of(*topic, known->seq), known->seq},
                        known->subscribers};
}

bool Publishing::may_publish() const
{
    return change_.condition.kind == Condition::Kind::none ||
           holds(change_.condition, parts_.records.find(change_.topic),
                 change_.ticks_ms);
}

// Where nothing is appended.
Result<ChangeAnswer> Publishing::noted(const Result<ChangeAnswer>& result)
{
    if (change_.note != nullptr) {
        change_.note->note(tx_, result);
    }
    return result;
}

Result<ChangeAnswer> Publishing::publish()
{
    const bool keyed = !change_.idempotency_key.empty();
    if (keyed) {
        if (auto earlier = replay()) {
            return noted(*earlier);
        }
    }
    if (!may_publish()) {
        return noted(kConditionFails);
    }
    if (header_.replica.on) {
        if (!grow()) {
            header_.totals.refused++;
            return noted(kZoneFull);
        }
    } else if (keyed && !parts_.keys.make_room(tx_, change_)) {
        header_.totals.refused++;
        return noted(kKeysFull);
    }
    free_before_ = parts_.access.memory.free_bytes();
    auto answer = try_with_room([&] { return append(Room::ordinary); },
                                [&] { return expire_or_make_room(); });
    if (!allowed_) {
        return noted(kConditionFails);
    }
    if (!answer) {
        answer = replace_value();
    }
    if (!answer) {
        if (header_.replica.on) {
            return use_all();
        }
        header_.totals.refused++;
        return noted(kZoneFull);
    }
    return *answer;
}

// In a zone that follows a log: by how much that makes it larger. False: there
// is no room for that on all hosts.
bool Publishing::grow()
{
    expired_ = true; // whoever applies the log has seen to that
    if (is_reserved(change_.topic)) {
        return true;
    }
    Topic* topic = parts_.records.find(change_.topic);
    const uint64_t before = topic == nullptr ? 0 : LogicalBytes::of(*topic);
    uint64_t after = LogicalBytes::of_topic(change_.topic.size());
    if (change_.policy.retain) {
        after += change_.content_type.size() + change_.payload.size();
    }
    if (!change_.idempotency_key.empty()) {
        after += LogicalBytes::of_key(change_.idempotency_key.size());
    }
    growth_ = static_cast<int64_t>(after) - static_cast<int64_t>(before);
    return LogicalBytes(header_, tx_).has_room(growth_);
}

// In a zone that follows a log, whatever it takes: once there is no history any
// more, what is for others.
Result<ChangeAnswer> Publishing::use_all()
{
    if (header_.age_head != nullptr || header_.untidy != nullptr) {
        return kNoMemory;
    }
    if (header_.spare != nullptr) {
        tx_.release(header_.spare);
        tx_.set(header_.spare, nullptr);
        tx_.commit();
    }
    const auto answer = append(Room::reserve);
    return answer ? Result<ChangeAnswer>(*answer) : kNoMemory;
}

// Makes room for another try. What is too old goes first; that may be the topic
// itself.
bool Publishing::expire_or_make_room()
{
    if (expired_) {
        return make_room();
    }
    expired_ = true;
    parts_.expiry.expire_some(tx_, change_.ticks_ms);
    allowed_ = may_publish();
    return allowed_;
}

bool Publishing::has_block(size_t bytes)
{
    const bool has = tx_.allocate(bytes) != nullptr;
    tx_.rollback();
    return has;
}

// What a try does beside its message may be a lot, and is undone when it fails:
// so there is none before that much room is made as was missing in the last
// one, as far as that could say. From the third on each makes more room than
// the one before, so that there are few whatever happens. False when no room
// could be made.
bool Publishing::make_room()
{
    const size_t bytes = change_.item_bytes();
    const auto margin = [&] {
        return static_cast<int64_t>(parts_.access.memory.free_bytes()) -
               static_cast<int64_t>(to_leave_free());
    };
    const int64_t wanted = margin() + static_cast<int64_t>(missing_bytes_);
    const size_t least =
        size_t{1} << (tries_ < kPlainTries ? 0 : tries_ - kPlainTries + 1);
    tries_++;
    size_t rounds = 0;
    const auto is_enough = [&] {
        return rounds >= least && margin() >= wanted && has_block(bytes);
    };
    (void)try_with_room(is_enough, [&] {
        const bool evicted = eviction_.evict_some();
        rounds += evicted ? 1 : 0;
        return evicted;
    });
    return rounds > 0;
}

// Whether the message takes the place of a value that is no smaller.
bool Publishing::replaces(const Topic& topic) const
{
    const Item* value = topic.tail;
    return topic.retain && change_.policy.retain &&
           change_.idempotency_key.empty() && value != nullptr &&
           TopicLog::is_kept(topic, *value) &&
           change_.item_bytes() <=
               Item::bytes_of(value->content_type(), value->payload());
}

// In a full zone a value may still be replaced: what that takes from the
// reserve comes back with the old value.
std::optional<ChangeAnswer> Publishing::replace_value()
{
    Topic* topic = parts_.records.find(change_.topic);
    if (topic == nullptr || !replaces(*topic)) {
        return std::nullopt;
    }
    free_before_ = parts_.access.memory.free_bytes();
    const auto answer = append(Room::reserve);
    if (!answer) {
        return replace_by_spare(*topic);
    }
    TopicLog log(header_, tx_);
    size_t freed = 0;
    size_t evicted = 0;
    (void)try_with_room(
        [&] { return parts_.access.memory.free_bytes() >= free_before_; },
        [&] {
            return evicted++ < Eviction::kAtATime && log.evict_oldest(freed);
        });
    return answer;
}

// Where what is free is in too many pieces: into the spare block first, and
// then to where the old value was.
std::optional<ChangeAnswer> Publishing::replace_by_spare(Topic& topic)
{
    const size_t bytes = change_.item_bytes();
    if (header_.spare == nullptr || bytes > header_.spare_bytes) {
        return std::nullopt;
    }
    free_before_ = parts_.access.memory.free_bytes();
    const auto answer = append(Room::spare);
    if (!answer) {
        return std::nullopt;
    }
    // Workers may not have read yet what the old value is the last of.
    TopicLog log(header_, tx_);
    size_t evicted = 0;
    void* block = try_with_room([&] { return tx_.allocate(bytes); },
                                [&] {
                                    const bool may =
                                        topic.head != topic.tail &&
                                        evicted++ < Eviction::kMaxItems;
                                    if (may) {
                                        log.evict_head(topic);
                                    }
                                    return may;
                                });
    if (block != nullptr) {
        tx_.set(header_.spare, log.move_value(topic, block));
    }
    return answer;
}

} // namespace ws_pubsub
