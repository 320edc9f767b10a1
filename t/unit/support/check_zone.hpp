// Walks everything in a zone and says what does not fit together.
//
// In headers only, so that the fuzz targets can use it too.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/topic.hpp"
#include "shm/layout.hpp"
#include "shm/topic_log.hpp"
#include "shm/topic_table.hpp"

namespace ws_pubsub {

// What a process that died may have left: topics that nothing needs.
enum class Unused : uint8_t { forbidden, allowed };

class ZoneCheck {
public:
    explicit ZoneCheck(ZoneHeader& header, Unused unused = Unused::forbidden)
        : header_(header), unused_(unused)
    {
        check_transaction();
        check_hash();
        check_order();
        for (Topic* topic : topics_) {
            check_log(*topic);
            check_interests(*topic);
            check_presence(*topic);
            check_clock(*topic);
        }
        check_people();
        check_wheel();
        check_age();
        check_workers();
        check_selectors();
        check_keys();
        check_totals();
    }

    // Empty when all is well.
    [[nodiscard]] const std::string& fault() const { return fault_; }
    // All that lies in the zone, but for the header and its tables.
    [[nodiscard]] const std::set<const void*>& blocks() const
    {
        return blocks_;
    }

private:
    void fault(const std::string& text)
    {
        if (fault_.empty()) {
            fault_ = text;
        }
    }
    void expect(bool holds, const char* text)
    {
        if (!holds) {
            fault(text);
        }
    }
    // False when the block was seen before: a cycle, or in two lists.
    bool see(const void* block, const char* what)
    {
        if (blocks_.insert(block).second) {
            return true;
        }
        fault(std::string("seen twice: ") + what);
        return false;
    }

    void check_transaction()
    {
        if (header_.spare != nullptr) {
            see(header_.spare, "spare");
        }
        expect(header_.undo->count == 0, "the undo log is not empty");
        expect(header_.graveyard == nullptr, "the graveyard is not empty");
    }

    void check_hash()
    {
        for (uint64_t i = 0; i < header_.bucket_count; i++) {
            for (Topic* topic = header_.buckets[i]; topic != nullptr;
                 topic = topic->hash_next) {
                if (!see(topic, "topic")) {
                    return;
                }
                topics_.insert(topic);
                expect(topic->hash == hash_bytes(topic->path(), header_.seed),
                       "a topic's hash is wrong");
                expect((topic->hash >> 32 & (header_.bucket_count - 1)) == i,
                       "a topic is in a wrong bucket");
                expect(is_topic(topic->path()), "a topic's path is none");
            }
        }
    }

    void check_order()
    {
        for (size_t level = 0; level < kMaxTopicLevels; level++) {
            size_t expected = 0;
            for (Topic* topic : topics_) {
                expected += topic->levels > level ? 1 : 0;
            }
            std::string last;
            size_t count = 0;
            for (Topic* topic = header_.first[level];
                 topic != nullptr && count <= expected;
                 topic = topic->next()[level]) {
                count++;
                if (!topics_.contains(topic) || topic->levels <= level) {
                    return fault("a strange topic in the path order");
                }
                expect(last < topic->path(), "topics are out of order");
                last = topic->path();
            }
            expect(count == expected, "the path order lacks topics");
        }
    }

    void check_log(Topic& topic)
    {
        Item* prev = nullptr;
        for (Item* item = topic.head; item != nullptr; item = item->next) {
            if (!see(item, "item")) {
                return;
            }
            items_++;
            aging_ += item->aging ? 1 : 0;
            expect(item->topic == &topic, "an item of another topic");
            expect(item->prev == prev, "an item's prev is wrong");
            expect(item->pos < topic.next_pos, "an item from the future");
            expect(item->aging || item->next == nullptr,
                   "an item before the newest does not age");
            if (prev != nullptr) {
                expect(item->pos == prev->pos + 1, "a hole in a log");
                check_neighbours(*prev, *item);
            }
            prev = item;
        }
        expect(topic.tail == prev, "a log's tail is wrong");
        check_newest(topic);
    }

    void check_neighbours(const Item& first, const Item& second)
    {
        if (first.kind == ItemKind::gone) {
            expect(second.epoch > first.epoch && second.seq == 1,
                   "an epoch does not begin with 1");
        } else if (second.kind == ItemKind::gone) {
            expect(second.epoch == first.epoch && second.seq == first.seq,
                   "a gone mark of something else");
        } else if (second.epoch == first.epoch) {
            expect(second.seq == first.seq + 1, "a hole in the seqs");
        } else {
            // Nobody was interested when the topic went.
            expect(second.epoch > first.epoch && second.seq == 1,
                   "an epoch does not begin with 1");
        }
    }

    void check_newest(Topic& topic)
    {
        const Item* tail = topic.tail;
        if (tail != nullptr) {
            expect(tail->pos + 1 == topic.next_pos, "the tail is not newest");
        }
        if (topic.epoch == 0) {
            expect(tail == nullptr || tail->aging, "a dead value is kept");
            expect(unused_ == Unused::allowed || topic.interests != nullptr ||
                       (topic.presence != nullptr &&
                        topic.presence->people != nullptr),
                   "a topic that nothing needs");
            return;
        }
        existing_++;
        expect(topic.epoch < header_.next_epoch, "an epoch from the future");
        expect(topic.seq > 0, "a topic without messages");
        expect(!topic.retain || (tail != nullptr && !tail->aging) ||
                   (tail == nullptr && topic.ttl_ms() != 0),
               "a retained value is lost, or may be evicted");
        if (tail != nullptr) {
            expect(tail->epoch == topic.epoch && tail->seq == topic.seq &&
                       tail->kind == ItemKind::message,
                   "the newest message is another");
        }
    }

    void check_interests(Topic& topic)
    {
        std::set<uint16_t> workers;
        uint64_t read = UINT64_MAX;
        for (Interest* interest = topic.interests; interest != nullptr;
             interest = interest->topic_next) {
            if (!see(interest, "interest")) {
                return;
            }
            by_worker_[interest->worker].insert(interest);
            expect(interest->topic == &topic, "an interest in another topic");
            expect(interest->cursor < topic.next_pos, "a cursor too far");
            expect(!interest->dropped || interest->in_inbox,
                   "a dropped interest that nobody will free");
            if (interest->dropped) {
                continue;
            }
            expect(workers.insert(interest->worker).second,
                   "two interests of a worker");
            expect(interest->in_inbox || interest->cursor + 1 == topic.next_pos,
                   "unread, but not in the inbox");
            read = std::min(read, interest->cursor);
        }
        Item* head = topic.head;
        expect(unused_ == Unused::allowed || head == nullptr ||
                   head->pos > read || TopicLog::is_kept(topic, *head),
               "the log keeps what nobody needs");
    }

    void check_presence(Topic& topic)
    {
        if (topic.presence == nullptr) {
            return;
        }
        TopicPresence& presence = *topic.presence;
        see(&presence, "presence");
        uint64_t connections = 0;
        const Present* prev = nullptr;
        for (Present* present = presence.people; present != nullptr;
             present = present->topic_next) {
            if (!see(present, "present")) {
                return;
            }
            people_++;
            connections += present->connections;
            expect(present->topic == &topic, "present in another topic");
            expect(present->topic_prev == prev, "topic_prev is wrong");
            expect((present->connections == 0) ==
                       (present->worker == kNoWorker),
                   "present without connections");
            see(present->leave, "the event of a leave");
            expect(!present->leave->join, "a leave that is a join");
            prev = present;
        }
        expect(presence.connections == connections, "connections are wrong");
        check_events(topic);
    }

    void check_events(const Topic& topic)
    {
        const TopicPresence& presence = *topic.presence;
        const PresenceEvent* last = nullptr;
        uint32_t unread = 0;
        for (PresenceEvent* event = presence.head; event != nullptr;
             event = event->next) {
            if (!see(event, "presence event")) {
                return;
            }
            unread++;
            expect(last == nullptr || event->pos == last->pos + 1,
                   "a hole in the presence events");
            last = event;
        }
        expect(presence.tail == last, "the presence events' tail is wrong");
        expect(presence.unread == unread, "presence.unread is wrong");
        expect(last == nullptr || last->pos + 1 == presence.next_pos,
               "the last presence event is not the newest");
        for (const Interest* interest = topic.interests; interest != nullptr;
             interest = interest->topic_next) {
            expect(interest->in_inbox ||
                       interest->presence_cursor + 1 == presence.next_pos,
                   "presence unread, but not in the inbox");
        }
    }

    void check_people()
    {
        size_t hashed = 0;
        for (uint64_t i = 0; i < header_.presence_bucket_count; i++) {
            for (const Present* present = header_.presence_buckets[i];
                 present != nullptr && hashed <= people_;
                 present = present->hash_next) {
                hashed++;
                expect(blocks_.contains(present) &&
                           (present->hash &
                            (header_.presence_bucket_count - 1)) == i,
                       "a strange one in a presence bucket");
            }
        }
        expect(hashed == people_, "the presence buckets are wrong");
        listed_ = 0;
        for (size_t i = 0; i < kMaxWorkers; i++) {
            check_owned(header_.workers[i].people, static_cast<uint16_t>(i));
        }
        expect(header_.away_tail == check_owned(header_.away_head, kNoWorker),
               "the tail of those who are away is wrong");
        expect(listed_ == people_, "the workers' people are wrong");
    }

    // Returns the last one.
    const Present* check_owned(const Present* present, uint16_t worker)
    {
        const Present* prev = nullptr;
        for (; present != nullptr && listed_ <= people_;
             present = present->owner_next) {
            listed_++;
            expect(blocks_.contains(present) && present->owner_prev == prev &&
                       present->worker == worker,
                   "a strange one among a worker's people");
            prev = present;
        }
        return prev;
    }

    void check_clock(const Topic& topic)
    {
        const TopicClock* clock = topic.clock;
        if (clock == nullptr || !see(clock, "clock")) {
            return;
        }
        const bool scheduled = clock->slot != kNoSlot;
        scheduled_ += scheduled ? 1 : 0;
        expect(clock->topic == &topic, "a clock of another topic");
        expect(clock->ttl_ms != 0 || clock->idle_ms != 0,
               "a clock that nothing needs");
        const bool ages = clock->ttl_ms != 0 && topic.head != nullptr;
        // One that only waits for those who are away has nothing else to do.
        const bool idles = clock->idle_ms != 0 && topic.interests == nullptr &&
                           (topic.epoch != 0 || topic.head != nullptr);
        expect(scheduled || (!ages && !idles),
               "a topic that time will change is not in the wheel");
    }

    void check_wheel()
    {
        size_t count = 0;
        for (size_t i = 0; i < kWheelSlots; i++) {
            const TopicClock* prev = nullptr;
            for (const TopicClock* clock = header_.wheel.slots[i];
                 clock != nullptr; clock = clock->next) {
                if (!blocks_.contains(clock) || ++count > scheduled_) {
                    return fault("a strange clock in the wheel");
                }
                expect(clock->slot == i, "a clock is in a wrong slot");
                expect(clock->prev == prev, "a clock's prev is wrong");
                prev = clock;
            }
        }
        expect(count == scheduled_, "the wheel lacks clocks");
    }

    void check_age()
    {
        std::map<const Topic*, uint64_t> last;
        size_t count = 0;
        Item* prev = nullptr;
        for (Item* item = header_.age_head; item != nullptr;
             item = item->age_next) {
            if (!blocks_.contains(item) || !item->aging || ++count > aging_) {
                return fault("a strange item in the age list");
            }
            expect(item->age_prev == prev, "an item's age_prev is wrong");
            expect(last[item->topic] < item->pos,
                   "an item ages before those ahead of it");
            last[item->topic] = item->pos;
            prev = item;
        }
        expect(header_.age_tail == prev, "the age list's tail is wrong");
        expect(count == aging_, "the age list lacks items");
    }

    void check_workers()
    {
        for (uint16_t i = 0; i < kMaxWorkers; i++) {
            const WorkerSlot& slot = header_.workers[i];
            const std::set<Interest*>& all = by_worker_[i];
            expect(slot.process.pid != 0 || all.empty(),
                   "interests of a free slot");
            size_t count = 0;
            Interest* prev = nullptr;
            for (Interest* interest = slot.interests; interest != nullptr;
                 interest = interest->worker_next) {
                if (!all.contains(interest) || ++count > all.size()) {
                    return fault("a strange interest in a worker's list");
                }
                expect(interest->worker_prev == prev,
                       "an interest's worker_prev is wrong");
                prev = interest;
            }
            expect(count == all.size(), "a worker's list lacks interests");
            check_inbox(slot, all);
        }
    }

    void check_inbox(const WorkerSlot& slot, const std::set<Interest*>& all)
    {
        size_t expected = 0;
        for (const Interest* interest : all) {
            expected += interest->in_inbox ? 1 : 0;
        }
        size_t count = 0;
        const Interest* last = nullptr;
        for (Interest* interest = slot.inbox_head; interest != nullptr;
             interest = interest->inbox_next) {
            if (!all.contains(interest) || !interest->in_inbox ||
                ++count > expected) {
                return fault("a strange interest in an inbox");
            }
            last = interest;
        }
        expect(slot.inbox_tail == last, "an inbox's tail is wrong");
        expect(count == expected, "an inbox lacks interests");
    }

    void check_selectors()
    {
        std::map<uint16_t, size_t> by_worker;
        for (uint64_t i = 0; i < header_.selector_bucket_count; i++) {
            for (SelectorRecord* record = header_.selector_buckets[i];
                 record != nullptr; record = record->hash_next) {
                if (!see(record, "selector")) {
                    return;
                }
                by_worker[record->worker]++;
                expect(record->prefix_hash ==
                               hash_bytes(record->prefix(), header_.seed) &&
                           (record->prefix_hash &
                            (header_.selector_bucket_count - 1)) == i,
                       "a selector is in a wrong bucket");
            }
        }
        for (uint16_t i = 0; i < kMaxWorkers; i++) {
            const WorkerSlot& slot = header_.workers[i];
            expect(slot.process.pid != 0 || slot.selectors == nullptr,
                   "selectors of a free slot");
            size_t count = 0;
            const SelectorRecord* prev = nullptr;
            for (const SelectorRecord* record = slot.selectors;
                 record != nullptr; record = record->worker_next) {
                if (!blocks_.contains(record) || record->worker != i ||
                    ++count > by_worker[i]) {
                    return fault("a strange selector in a worker's list");
                }
                expect(record->worker_prev == prev,
                       "a selector's worker_prev is wrong");
                prev = record;
            }
            expect(count == by_worker[i], "a worker's list lacks selectors");
        }
    }

    void check_keys()
    {
        size_t hashed = 0;
        for (uint64_t i = 0; i < header_.key_bucket_count; i++) {
            for (KeyRecord* record = header_.key_buckets[i]; record != nullptr;
                 record = record->hash_next) {
                if (!see(record, "key")) {
                    return;
                }
                expect((record->hash & (header_.key_bucket_count - 1)) == i,
                       "a key is in a wrong bucket");
                hashed++;
            }
        }
        size_t aged = 0;
        const KeyRecord* last = nullptr;
        for (KeyRecord* record = header_.key_age_head; record != nullptr;
             record = record->age_next) {
            if (!blocks_.contains(record) || ++aged > hashed) {
                return fault("a strange key in the age list");
            }
            last = record;
        }
        expect(aged == hashed, "the age list lacks keys");
        expect(header_.key_age_tail == last, "the keys' tail is wrong");
    }

    void check_totals()
    {
        expect(header_.totals.topics == existing_, "totals.topics is wrong");
        expect(header_.totals.items == items_, "totals.items is wrong");
    }

    ZoneHeader& header_;
    Unused unused_;
    std::string fault_;
    std::set<const void*> blocks_;
    std::set<Topic*> topics_;
    std::map<uint16_t, std::set<Interest*>> by_worker_;
    size_t people_ = 0;
    size_t listed_ = 0;
    size_t items_ = 0;
    size_t aging_ = 0;
    size_t scheduled_ = 0;
    size_t existing_ = 0;
};

} // namespace ws_pubsub
