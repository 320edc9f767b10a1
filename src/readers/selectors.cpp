#include "readers/selectors.hpp"

#include <algorithm>

#include "shm/list.hpp"
#include "topics/shares.hpp"

namespace ws_pubsub {

namespace {

using OfWorker =
    ZoneList<&SelectorRecord::worker_prev, &SelectorRecord::worker_next>;
using OfNode = ZoneList<&SelectorRecord::node_prev, &SelectorRecord::node_next>;
using Parts = ZoneList<&OverlapPart::prev, &OverlapPart::next>;

// Nodes, records and parts of overlaps looked at in one hold of the lock: for
// a topic that comes to be, and for one that nobody has used for long.
constexpr size_t kMaxSelectorSteps = 4096;
constexpr size_t kIdleSelectorSteps = 64;

// Parts of an overlap that are linked or freed in one hold of the lock.
constexpr size_t kPartsPerLock = 64;

bool is_wider(std::string_view one, std::string_view other)
{
    return one.find('*') < other.find('*');
}

} // namespace

// Nothing of `tx` may be open. nullptr when there is no room for subscribers.
SelectorRecord* Selectors::make_record(Transaction& tx, WorkerId worker,
                                       std::string_view selector, size_t parts)
{
    const size_t bytes = SelectorRecord::bytes_of(parts);
    SelectorNode* node = tree_.make(tx, selector);
    void* block = node == nullptr ? nullptr : tx.allocate(bytes);
    Shares shares(header_, tx);
    shares.hold(bytes);
    if (block == nullptr || !shares.is_within()) {
        tx.rollback();
        return nullptr;
    }
    auto* record = new (block) SelectorRecord{};
    record->node = node;
    record->worker = worker;
    record->all_parts = static_cast<uint32_t>(parts);
    OfWorker::push_front_new(tx, header_.workers[worker].selectors, *record);
    return record;
}

SelectorRecord* Selectors::add(WorkerId worker, const Selector& selector)
{
    Transaction tx(access_);
    SelectorRecord* record = make_record(tx, worker, selector.text(), 0);
    if (record != nullptr) {
        OfNode::push_front_new(tx, record->node->records, *record);
    }
    return record;
}

SelectorRecord* Selectors::add_overlap(WorkerId worker,
                                       std::vector<std::string_view> selectors)
{
    const auto widest =
        std::min_element(selectors.begin(), selectors.end(), is_wider);
    std::iter_swap(widest, selectors.end() - 1);
    SelectorRecord* record = nullptr;
    {
        Transaction tx(access_);
        record =
            make_record(tx, worker, selectors.back(), selectors.size() - 1);
        if (record == nullptr) {
            return nullptr;
        }
        record->overlap = true;
        tx.set(record->node->users, record->node->users + 1);
    }
    // It counts nobody yet, so others may see a part of it.
    selectors.pop_back();
    std::span<const std::string_view> rest(selectors);
    while (!rest.empty()) {
        const size_t count = std::min(rest.size(), kPartsPerLock);
        if (!add_parts(*record, rest.first(count))) {
            remove(*record);
            return nullptr;
        }
        rest = rest.subspan(count);
    }
    return record;
}

// False when there is no room for subscribers.
bool Selectors::add_parts(SelectorRecord& overlap,
                          std::span<const std::string_view> selectors)
{
    Transaction tx(access_);
    for (const std::string_view selector : selectors) {
        SelectorNode* node = tree_.make(tx, selector);
        if (node == nullptr || !Shares(header_, tx).is_within()) {
            tx.rollback();
            return false;
        }
        OverlapPart& part = overlap.parts()[overlap.part_count];
        part.node = node;
        part.overlap = &overlap;
        Parts::push_front_new(tx, node->parts, part);
        tx.set(overlap.part_count, overlap.part_count + 1);
        tx.commit();
    }
    return true;
}

void Selectors::free_last_part(Transaction& tx, SelectorRecord& overlap)
{
    const OverlapPart& part = overlap.parts()[overlap.part_count - 1];
    Parts::remove(tx, part.node->parts, part);
    tx.set(overlap.part_count, overlap.part_count - 1);
    tree_.prune(tx, *part.node);
    tx.commit();
}

bool Selectors::free(Transaction& tx, SelectorRecord& record, size_t& steps)
{
    for (; record.part_count > 0 && steps > 0; steps--) {
        free_last_part(tx, record);
    }
    if (steps == 0) {
        return false;
    }
    steps--;
    if (record.overlap) {
        tx.set(record.node->users, record.node->users - 1);
    } else {
        OfNode::remove(tx, record.node->records, record);
    }
    OfWorker::remove(tx, header_.workers[record.worker].selectors, record);
    tree_.prune(tx, *record.node);
    Shares(header_, tx).let_go(SelectorRecord::bytes_of(record.all_parts));
    tx.release(&record);
    tx.commit();
    return true;
}

void Selectors::remove(SelectorRecord& record)
{
    bool done = false;
    while (!done) {
        Transaction tx(access_);
        size_t steps = kPartsPerLock;
        done = free(tx, record, steps);
    }
}

void Selectors::set_sessions(SelectorRecord& record, uint32_t sessions)
{
    Transaction tx(access_);
    tx.set(record.sessions, sessions);
}

bool Selectors::admit_session(SelectorRecord& record, uint32_t most)
{
    Transaction tx(access_);
    uint64_t sessions = 0;
    for (const SelectorRecord* other = record.node->records; other != nullptr;
         other = other->node_next) {
        sessions += other->sessions; // a record of each worker
    }
    if (sessions >= most) {
        return false;
    }
    tx.set(record.sessions, record.sessions + 1);
    return true;
}

bool Selectors::match(Topic& topic)
{
    size_t steps = kIdleSelectorSteps;
    matching_.clear();
    return !tree_.match(topic.path(), steps, matching_) ||
           std::any_of(matching_.begin(), matching_.end(),
                       [](const SelectorNode* node) {
                           return node->records != nullptr;
                       });
}

// A session was counted once for each of its selectors that match: all but one
// of these are taken off again. A session that moves from one overlap to
// another is in both for a moment, so that there may be more to take off than
// was counted.
void Selectors::subtract_overlaps(Readership& readership)
{
    std::sort(overlaps_.begin(), overlaps_.end());
    std::sort(matching_.begin(), matching_.end());
    for (auto it = overlaps_.begin(); it != overlaps_.end();) {
        const SelectorRecord* overlap = *it;
        const auto end = std::upper_bound(it, overlaps_.end(), overlap);
        auto matches = static_cast<uint32_t>(end - it);
        if (std::binary_search(matching_.begin(), matching_.end(),
                               overlap->node)) {
            matches++;
        }
        uint32_t& counted = readership.sessions[overlap->worker];
        counted -= std::min(counted, (matches - 1) * overlap->sessions);
        it = end;
    }
}

// Gives the workers of the matching selectors an interest, and counts their
// sessions. False when there is too much of that. `room`: whether the zone had
// room for it.
bool Selectors::count_matches(Transaction& tx, Topic& topic,
                              Readership& readership, bool& room)
{
    size_t steps = kMaxSelectorSteps;
    matching_.clear();
    overlaps_.clear();
    bool complete = tree_.match(topic.path(), steps, matching_);
    for (const SelectorNode* node : matching_) {
        const SelectorRecord* record = node->records;
        for (; record != nullptr && steps > 0 && room; steps--) {
            room = give_interest(tx, topic, record->worker, readership);
            readership.sessions[record->worker] += record->sessions;
            record = record->node_next;
        }
        const OverlapPart* part = node->parts;
        for (; part != nullptr && steps > 0; steps--) {
            overlaps_.push_back(part->overlap);
            part = part->next;
        }
        complete &= record == nullptr && part == nullptr;
    }
    if (complete) {
        subtract_overlaps(readership);
    }
    return complete;
}

// Unless the worker has one. False when the zone is full.
bool Selectors::give_interest(Transaction& tx, Topic& topic, WorkerId worker,
                              Readership& readership)
{
    Interest*& interest = readership.interests[worker];
    if (interest == nullptr) {
        interest = interests_.make(tx, topic, worker);
    }
    return interest != nullptr;
}

bool Selectors::tell(Transaction& tx, Topic& topic)
{
    if (header_.selector_root.users == 0 && topic.interests == nullptr) {
        return true;
    }
    Readership readership;
    for (Interest* interest = topic.interests; interest != nullptr;
         interest = interest->topic_next) {
        if (!interest->is_dropped()) {
            readership.interests[interest->worker] = interest;
        }
    }
    const Interest* before = topic.interests;
    bool room = true;
    if (!count_matches(tx, topic, readership, room)) {
        for (WorkerId i = 0; i < kMaxWorkers && room; i++) {
            room = header_.workers[i].selectors == nullptr ||
                   give_interest(tx, topic, i, readership);
        }
    }
    size_t made = 0; // new ones come first
    for (const Interest* interest = topic.interests; interest != before;
         interest = interest->topic_next) {
        made++;
    }
    if (made > 0) {
        interests_.count_new(tx, topic, made);
    }
    if (!room) {
        return false;
    }
    // The worker itself counts for what it has claimed.
    for (size_t i = 0; i < kMaxWorkers; i++) {
        Interest* interest = readership.interests[i];
        if (interest != nullptr && interest->token == 0) {
            tx.set(interest->subscribers, readership.sessions[i]);
        }
    }
    return true;
}

} // namespace ws_pubsub
