// Walks everything in a zone and says what does not fit together.
//
// In headers only, so that the fuzz targets can use it too.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/topic.hpp"
#include "readers/layout.hpp"
#include "topics/logical_bytes.hpp"
#include "topics/shares.hpp"
#include "topics/topic_log.hpp"
#include "topics/topic_table.hpp"

namespace ws_pubsub {

// Lets everybody have all of the zone.
inline void keep_nothing(ZoneHeader& header)
{
    header.shares.subscribers = 0;
    header.shares.held_only = 0;
    header.shares.held_most = UINT64_MAX;
    header.shares.keys_most = UINT64_MAX;
}

// What a process that died may have left: messages that nobody needs any more,
// until something happens in their topic.
enum class Unused : uint8_t { forbidden, allowed };

class ZoneCheck {
public:
    explicit ZoneCheck(ZoneHeader& header, Unused unused = Unused::forbidden)
        : header_(header), unused_(unused)
    {
        check_transaction();
        check_hash();
        check_order();
        check_untidy();
        for (Topic* topic : topics_) {
            check_log(*topic);
            check_interests(*topic);
            check_presence(*topic);
            check_clock(*topic);
            check_forks(*topic);
        }
        check_people();
        check_own_people();
        check_wheel();
        check_age();
        check_workers();
        check_selectors();
        check_keys();
        check_totals();
        hold_sessions();
        check_shares();
        check_orders();
        check_revocations();
        check_replica();
        check_vacant();
        check_sessions();
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
        expect(header_.released == nullptr, "a block was not given back");
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
                if (topic->epoch == 0) {
                    hold(topic->bytes());
                }
                expect(topic->hash ==
                           keyed_hash(topic->path(), header_.hash_key),
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

    void check_untidy()
    {
        size_t expected = 0;
        for (const Topic* topic : topics_) {
            expected += topic->untidy ? 1 : 0;
        }
        size_t count = 0;
        for (Topic* topic = header_.untidy; topic != nullptr;
             topic = topic->untidy_next) {
            if (!topics_.contains(topic) || ++count > expected) {
                return fault("a strange topic among the untidy ones");
            }
        }
        expect(count == expected, "the list lacks untidy topics");
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
            // While it is filled its history can't be evicted.
            expect(item->aging || item->next == nullptr ||
                       header_.replica.replacing != 0,
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
            // Nobody was interested when the topic went; or it has forked.
            expect(second.epoch > first.epoch &&
                       (second.seq == 1 || second.seq == first.seq + 1),
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
            expect(
                topic.untidy || topic.interests != nullptr ||
                    (topic.clock != nullptr && topic.clock->slot != kNoSlot) ||
                    (topic.presence != nullptr &&
                     (topic.presence->people != nullptr ||
                      topic.presence->occupancy != nullptr ||
                      topic.presence->own != 0)),
                "a topic that nothing needs");
            return;
        }
        existing_++;
        expect(topic.epoch < header_.next_epoch ||
                   (topic.epoch >= kLocalEpochs &&
                    topic.epoch < header_.replica.next_local_epoch),
               "an epoch from the future");
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
            (topic.epoch == 0 ? held_ : reading_) +=
                Shares::bytes_of(sizeof(Interest));
            expect(interest->topic == &topic, "an interest in another topic");
            expect(interest->cursor < topic.next_pos, "a cursor too far");
            expect(interest->reading == ReadState::on || interest->in_inbox,
                   "a dropped interest that nobody will free");
            if (interest->reading == ReadState::dropped) {
                continue;
            }
            expect(workers.insert(interest->worker).second,
                   "two interests of a worker");
            expect(interest->in_inbox || interest->cursor + 1 == topic.next_pos,
                   "unread, but not in the inbox");
            read = std::min(read, interest->cursor);
        }
        Item* head = topic.head;
        expect(unused_ == Unused::allowed || topic.untidy || head == nullptr ||
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
        hold(sizeof(TopicPresence));
        if (presence.occupancy != nullptr) {
            see(presence.occupancy, "occupancy");
            hold(sizeof(Occupancy));
            vacant_ += presence.occupancy->vacant ? 1 : 0;
            expect(presence.occupancy->topic == &topic,
                   "an occupancy of another topic");
        }
        uint64_t connections = 0;
        const Present* prev = nullptr;
        for (Present* present = presence.people; present != nullptr;
             present = present->topic_next) {
            if (!see(present, "present")) {
                return;
            }
            people_++;
            hold(sizeof(Present));
            hold(present->leave->bytes());
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
            hold(event->bytes());
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
        for (size_t i = 0; i < kMaxLogHosts; i++) {
            check_owned(header_.cluster.people.hosts[i].people,
                        static_cast<uint16_t>(kFirstHost + i));
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

    // Those of whom other hosts are told.
    void check_own_people()
    {
        const PeopleBook& book = header_.cluster.people;
        std::set<const OwnPerson*> own;
        std::map<const Topic*, uint64_t> of_topics;
        if (book.buckets != nullptr) {
            see(book.buckets, "the buckets of own people");
        }
        for (uint64_t i = 0;
             book.buckets != nullptr && i < header_.presence_bucket_count;
             i++) {
            for (OwnPerson* person = book.buckets[i]; person != nullptr;
                 person = person->hash_next) {
                if (!see(person, "own person")) {
                    return;
                }
                own.insert(person);
                of_topics[person->topic]++;
                hold(OwnPerson::bytes_of(person->identity()));
                expect((person->hash & (header_.presence_bucket_count - 1)) ==
                           i,
                       "an own person in a wrong bucket");
                check_connections(*person);
            }
        }
        for (Topic* topic : topics_) {
            expect(topic->presence == nullptr
                       ? of_topics[topic] == 0
                       : of_topics[topic] == topic->presence->own,
                   "a topic's own people are wrong");
        }
        size_t listed = 0;
        for (size_t i = 0; i < kTellings; i++) {
            const OwnPerson* prev = nullptr;
            for (const OwnPerson* person = book.lists[i].head;
                 person != nullptr; person = person->next) {
                if (!own.contains(person) || ++listed > own.size()) {
                    return fault("a strange own person in a list");
                }
                const bool lost = person->telling == Telling::told &&
                                  person->number <= book.lost;
                expect((lost ? Telling::lost : person->telling) ==
                           static_cast<Telling>(i),
                       "an own person in a wrong list");
                expect(person->prev == prev, "an own person's prev is wrong");
                expect(i != 0 || person->round == book.round || book.retelling,
                       "an own person that will not be told of again");
                expect(i != 0 || prev == nullptr || prev->round != book.round ||
                           person->round == book.round,
                       "own people are out of order");
                prev = person;
            }
            expect(book.lists[i].tail == prev, "own people: a wrong tail");
        }
        expect(listed == own.size(), "own people are not listed");
    }

    void check_connections(OwnPerson& person)
    {
        const Topic& topic = *person.topic;
        uint64_t connections = 0;
        bool away = false;
        if (!topics_.contains(person.topic) || topic.presence == nullptr) {
            return fault("an own person of a strange topic");
        }
        for (const Present* present = topic.presence->people;
             present != nullptr; present = present->topic_next) {
            if (present->identity() == person.identity()) {
                away |= present->worker == kNoWorker;
                connections +=
                    present->worker < kFirstHost ? present->connections : 0;
            }
        }
        expect(connections == person.connections,
               "an own person's connections are wrong");
        expect(!person.expected || (away && connections == 0),
               "an own person that nobody expects");
        expect(connections != 0 || person.expected ||
                   person.telling != Telling::settled,
               "an own person that has left");
    }

    void check_forks(const Topic& topic)
    {
        const TopicForks* forks = topic.forks;
        if (forks == nullptr || !see(forks, "forks")) {
            return;
        }
        expect(topic.epoch != 0, "a topic that is gone has forks");
        expect(forks->count > 0 && forks->count <= kMaxForkPoints,
               "a strange number of forks");
        for (size_t i = 0; i < forks->count; i++) {
            const ForkPoint& point = forks->points[i];
            const bool last = i + 1 == forks->count;
            expect(point.epoch < (last ? topic.epoch : point.epoch + 1),
                   "a fork to an older epoch");
            expect(point.seq <= (last ? topic.seq : forks->points[i + 1].seq),
                   "a fork at a later message");
        }
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
        nodes_.insert(&header_.selector_root);
        see_nodes_below(header_.selector_root);
        for (uint64_t i = 0; i < header_.selector_bucket_count; i++) {
            for (SelectorNode* node = header_.selector_buckets[i];
                 node != nullptr; node = node->hash_next) {
                if (!see_node(*node)) {
                    return;
                }
                expect((node->hash & (header_.selector_bucket_count - 1)) == i,
                       "a selector's node is in a wrong bucket");
            }
        }
        std::map<const SelectorNode*, size_t> users;
        for (const SelectorNode* node : nodes_) {
            if (node->parent != nullptr) {
                users[node->parent]++;
            }
            check_ends(*node);
        }
        for (uint16_t i = 0; i < kMaxWorkers; i++) {
            check_selectors_of(i, users);
        }
        expect(ends_ == 0 && parts_ == 0, "a selector that no worker has");
        for (const SelectorNode* node : nodes_) {
            expect(node->users == users[node], "a node's users are wrong");
            expect(node == &header_.selector_root || node->users > 0 ||
                       node->records != nullptr || node->parts != nullptr,
                   "a selector's node that nobody needs");
        }
    }

    void see_nodes_below(SelectorNode& node)
    {
        for (SelectorNode* child : {node.any, node.rest}) {
            if (child != nullptr) {
                expect(child->parent == &node, "a node's parent is wrong");
                see_node(*child);
            }
        }
    }

    bool see_node(SelectorNode& node)
    {
        if (!see(&node, "selector's node")) {
            return false;
        }
        nodes_.insert(&node);
        hold(node.bytes());
        see_nodes_below(node);
        return true;
    }

    // Counts what its workers' lists must have, too.
    void check_ends(const SelectorNode& node)
    {
        const SelectorRecord* prev = nullptr;
        for (const SelectorRecord* record = node.records; record != nullptr;
             record = record->node_next) {
            if (!see(record, "selector")) {
                return;
            }
            ends_++;
            hold(SelectorRecord::bytes_of(0));
            expect(record->node == &node && record->node_prev == prev &&
                       !record->overlap,
                   "a strange selector at a node");
            prev = record;
        }
        const OverlapPart* before = nullptr;
        for (const OverlapPart* part = node.parts; part != nullptr;
             part = part->next) {
            parts_++;
            expect(part->node == &node && part->prev == before &&
                       part->overlap->overlap,
                   "a strange part of an overlap");
            before = part;
        }
    }

    void check_selectors_of(uint16_t worker,
                            std::map<const SelectorNode*, size_t>& users)
    {
        const WorkerSlot& slot = header_.workers[worker];
        expect(slot.process.pid != 0 || slot.selectors == nullptr,
               "selectors of a free slot");
        const SelectorRecord* prev = nullptr;
        for (SelectorRecord* record = slot.selectors; record != nullptr;
             record = record->worker_next) {
            if (record->overlap) {
                if (!see(record, "overlap")) {
                    return;
                }
                parts_ -= record->part_count;
                hold(SelectorRecord::bytes_of(record->all_parts));
                users[record->node]++;
            } else {
                ends_--;
            }
            expect(blocks_.contains(record) && nodes_.contains(record->node),
                   "a strange selector in a worker's list");
            expect(record->worker == worker && record->worker_prev == prev,
                   "a selector's worker is wrong");
            prev = record;
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
        for (size_t i = 0; i < kKeyShares; i++) {
            check_key_list(static_cast<KeyShare>(i), hashed, aged);
        }
        expect(aged == hashed, "the age lists lack keys");
    }

    void check_key_list(KeyShare owner, size_t hashed, size_t& aged)
    {
        const KeyList& keys = header_.keys[static_cast<size_t>(owner)];
        uint64_t bytes = 0;
        const KeyRecord* last = nullptr;
        for (KeyRecord* record = keys.head; record != nullptr;
             record = record->age_next) {
            if (!blocks_.contains(record) || ++aged > hashed ||
                record->owner != owner) {
                return fault("a strange key in an age list");
            }
            bytes += Shares::bytes_of(KeyRecord::bytes_of(record->key()));
            last = record;
        }
        expect(keys.tail == last, "the keys' tail is wrong");
        expect(keys.bytes == bytes, "the bytes of keys are wrong");
        expect(bytes <= header_.shares.keys_most, "too many keys");
    }

    void hold(size_t payload_bytes)
    {
        held_ += Shares::bytes_of(payload_bytes);
    }

    void check_shares()
    {
        expect(header_.shares.held == held_, "what is held is wrong");
        expect(header_.shares.reading == reading_, "what reads is wrong");
    }

    void check_revocations()
    {
        const RevocationBook& book = header_.revocations;
        uint64_t count = 0;
        uint64_t bytes = 0;
        for (size_t i = 0; i < kRevocationBuckets; i++) {
            for (RevocationRecord* record = book.buckets[i]; record != nullptr;
                 record = record->next) {
                if (!see(record, "revocation")) {
                    return;
                }
                expect(record->hash % kRevocationBuckets == i,
                       "a revocation is in the wrong bucket");
                bytes += Shares::bytes_of(
                    RevocationRecord::bytes_of(record->text()));
                count++;
            }
        }
        expect(book.bytes == bytes && book.count == count &&
                   count <= kMaxRevocations,
               "the revocations are counted wrong");
        expect(book.swept < kRevocationBuckets, "a strange bucket");
    }

    void check_replica()
    {
        const ReplicaBook& book = header_.replica;
        if (!book.on) {
            return;
        }
        std::set<const OriginRecord*> origins;
        for (OriginRecord* first : book.origins) {
            for (; first != nullptr; first = first->hash_next) {
                if (!see(first, "origin")) {
                    return;
                }
                origins.insert(first);
            }
        }
        const OriginRecord* prev = nullptr;
        for (const OriginRecord* origin = book.origin_head; origin != nullptr;
             origin = origin->next) {
            if (origins.erase(origin) == 0) {
                return fault("a strange origin");
            }
            expect(origin->prev == prev, "an origin's prev is wrong");
            expect(prev == nullptr || prev->heard_ms <= origin->heard_ms,
                   "origins are out of order");
            prev = origin;
        }
        expect(origins.empty() && book.origin_tail == prev,
               "the list of origins is wrong");
        uint64_t used = 0;
        for (Topic* topic : topics_) {
            used += LogicalBytes::of(*topic);
        }
        for (const KeyList& keys : header_.keys) {
            for (KeyRecord* key = keys.head; key != nullptr;
                 key = key->age_next) {
                used += LogicalBytes::of_key(key->key_bytes);
            }
        }
        expect(used == book.used_bytes, "the logical bytes are wrong");
    }

    void check_orders()
    {
        const OrderBook& book = header_.orders;
        uint64_t bytes = 0;
        uint64_t count = 0;
        const Order* prev = nullptr;
        for (Order* order = book.head; order != nullptr; order = order->next) {
            if (!see(order, "order")) {
                return;
            }
            expect(order->prev == prev && order->number <= book.last &&
                       (prev == nullptr || prev->number < order->number),
                   "a strange order");
            bytes += Shares::bytes_of(Order::bytes_of(order->argument()));
            count++;
            prev = order;
        }
        expect(book.tail == prev, "the orders' tail is wrong");
        expect(book.bytes == bytes && book.count == count,
               "the orders are counted wrong");
        expect(count <= kMaxOrders && bytes <= kMaxOrderBytes,
               "too many orders");
        for (const WorkerSlot& slot : header_.workers) {
            expect(slot.process.pid != 0 || slot.replies == nullptr,
                   "answers of a free slot");
            expect(slot.order_cursor <= book.last, "a cursor is too high");
            for (OrderReply* reply = slot.replies; reply != nullptr;
                 reply = reply->next) {
                if (!see(reply, "answer")) {
                    return;
                }
                expect(reply->order >= slot.first_order,
                       "an answer to somebody else's order");
            }
        }
    }

    void check_vacant()
    {
        const EventBook& book = header_.events;
        const Occupancy* prev = nullptr;
        for (const Occupancy* one = book.vacant_head; one != nullptr;
             one = one->next) {
            if (vacant_-- == 0 || !one->vacant) {
                return fault("an occupied topic among the vacant ones");
            }
            expect(one->prev == prev && blocks_.contains(one),
                   "a strange vacant topic");
            prev = one;
        }
        expect(vacant_ == 0, "the list of vacant topics lacks some");
        expect(book.vacant_tail == prev, "the vacant topics' tail is wrong");
    }

    void check_sessions()
    {
        for (uint16_t i = 0; i < kMaxWorkers; i++) {
            const WorkerSlot& slot = header_.workers[i];
            expect(slot.process.pid != 0 || slot.sessions == nullptr,
                   "sessions of a free slot");
            const SessionRecord* prev = nullptr;
            for (const SessionRecord* record = slot.sessions; record != nullptr;
                 record = record->next) {
                if (!see(record, "session")) {
                    return;
                }
                expect(record->prev == prev && record->worker == i,
                       "a strange session");
                prev = record;
            }
        }
    }

    // Before the shares are looked at.
    void hold_sessions()
    {
        for (const WorkerSlot& slot : header_.workers) {
            for (const SessionRecord* record = slot.sessions; record != nullptr;
                 record = record->next) {
                hold(SessionRecord::bytes_of(record->about()));
            }
        }
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
    std::set<const SelectorNode*> nodes_;
    size_t ends_ = 0;
    size_t parts_ = 0;
    uint64_t held_ = 0;
    uint64_t reading_ = 0;
    size_t people_ = 0;
    size_t vacant_ = 0;
    size_t listed_ = 0;
    size_t items_ = 0;
    size_t aging_ = 0;
    size_t scheduled_ = 0;
    size_t existing_ = 0;
};

} // namespace ws_pubsub
