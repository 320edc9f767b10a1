// Which workers want to hear of topics that come to be.
//
// A worker registers each selector with wildcards that its sessions have, and
// how many sessions those are; and of the exact ones those whose sessions are
// limited. When a topic comes to be, its few prefixes are looked up, so the
// cost depends on the selectors that share one of them and not on all there
// are. Each worker with a match gets an unclaimed Interest: the topic's first
// message waits for it from the start, and the publisher can say how many
// sessions that is. A session counts once: those that have several selectors
// which match are registered as an overlap, and taken off again.
#include <algorithm>
#include <cstring>

#include "shm/store.hpp"

namespace ws_pubsub {

namespace {

std::string_view literal_prefix(std::string_view selector)
{
    return selector.substr(0, selector.find('*'));
}

// By what topics begin with that more than one of the selectors match.
std::string_view common_prefix(std::span<const std::string_view> selectors)
{
    std::string_view common = literal_prefix(selectors.front());
    for (const std::string_view selector : selectors) {
        const auto differs = std::mismatch(common.begin(), common.end(),
                                           selector.begin(), selector.end());
        common = common.substr(
            0, static_cast<size_t>(differs.first - common.begin()));
    }
    return common.substr(0, common.rfind('/') + 1);
}

// How many times too often the overlap's sessions are counted in the topic.
uint32_t repeats_of(SelectorRecord& overlap, std::string_view path)
{
    uint32_t matches = 0;
    std::string_view rest = overlap.text();
    while (!rest.empty()) {
        const size_t end = std::min(rest.find('\n'), rest.size());
        matches += selector_matches(rest.substr(0, end), path) ? 1 : 0;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return matches > 1 ? (matches - 1) * overlap.sessions : 0;
}

} // namespace

SelectorRecord** Store::selector_bucket(uint64_t prefix_hash)
{
    return &header_.selector_buckets[prefix_hash &
                                     (header_.selector_bucket_count - 1)];
}

SelectorRecord* Store::add_selector(WorkerId worker, const Selector& selector)
{
    return add_record(worker, selector.text(), selector.literal_prefix(),
                      false);
}

SelectorRecord* Store::add_overlap(WorkerId worker,
                                   std::vector<std::string_view> selectors)
{
    // A topic that more than one match begins with the prefix of another than
    // that with the shortest.
    const auto shortest = std::min_element(
        selectors.begin(), selectors.end(), [](const auto& a, const auto& b) {
            return literal_prefix(a).size() < literal_prefix(b).size();
        });
    std::iter_swap(shortest, selectors.end() - 1);
    std::string text;
    for (const std::string_view selector : selectors) {
        text.append(text.empty() ? "" : "\n").append(selector);
    }
    selectors.pop_back();
    return add_record(worker, text, common_prefix(selectors), true);
}

SelectorRecord* Store::add_record(WorkerId worker, std::string_view text,
                                  std::string_view prefix, bool overlap)
{
    Transaction tx(memory_, header_);
    const size_t bytes = sizeof(SelectorRecord) + text.size();
    Eviction evicted;
    void* block = tx.allocate(bytes);
    while (block == nullptr && evict_some(tx, bytes, evicted)) {
        block = tx.allocate(bytes);
    }
    if (block == nullptr) {
        return nullptr;
    }
    auto* record = new (block) SelectorRecord{};
    record->prefix_hash = hash_bytes(prefix, header_.seed);
    record->worker = worker;
    record->text_bytes = static_cast<uint32_t>(text.size());
    record->prefix_bytes = static_cast<uint8_t>(prefix.size());
    record->overlap = overlap;
    std::memcpy(record + 1, text.data(), text.size());

    SelectorRecord** bucket = selector_bucket(record->prefix_hash);
    WorkerSlot& slot = header_.workers[worker];
    record->hash_next = *bucket;
    record->worker_next = slot.selectors;
    if (slot.selectors != nullptr) {
        tx.set(slot.selectors->worker_prev, record);
    }
    tx.set(slot.selectors, record);
    tx.set(*bucket, record);
    return record;
}

void Store::set_sessions(SelectorRecord& record, uint32_t sessions)
{
    Transaction tx(memory_, header_);
    tx.set(record.sessions, sessions);
}

void Store::remove_selector(SelectorRecord& record)
{
    Transaction tx(memory_, header_);
    free_selector(tx, record);
}

bool Store::admit_session(SelectorRecord& record, uint32_t most)
{
    Transaction tx(memory_, header_);
    uint64_t sessions = 0;
    for (SelectorRecord* other = *selector_bucket(record.prefix_hash);
         other != nullptr; other = other->hash_next) {
        if (other->prefix_hash == record.prefix_hash &&
            other->text() == record.text()) {
            sessions += other->sessions;
        }
    }
    if (sessions >= most) {
        return false;
    }
    tx.set(record.sessions, record.sessions + 1);
    return true;
}

void Store::free_selector(Transaction& tx, SelectorRecord& record)
{
    SelectorRecord** link = selector_bucket(record.prefix_hash);
    while (*link != &record) {
        link = &(*link)->hash_next;
    }
    tx.set(*link, record.hash_next);
    if (record.worker_prev != nullptr) {
        tx.set(record.worker_prev->worker_next, record.worker_next);
    } else {
        tx.set(header_.workers[record.worker].selectors, record.worker_next);
    }
    if (record.worker_next != nullptr) {
        tx.set(record.worker_next->worker_prev, record.worker_prev);
    }
    tx.release(&record);
    tx.commit();
}

// Calls f(record) for each selector with wildcards that matches the path, and
// for each overlap that may, until it says false.
template <class F>
void Store::each_selector_of(std::string_view path, F&& f)
{
    size_t end = 0; // of the prefix
    for (;;) {
        const std::string_view prefix = path.substr(0, end);
        const uint64_t hash = hash_bytes(prefix, header_.seed);
        for (SelectorRecord* record = *selector_bucket(hash); record != nullptr;
             record = record->hash_next) {
            if (record->prefix_hash == hash && record->prefix() == prefix &&
                (record->overlap || selector_matches(record->text(), path)) &&
                !f(*record)) {
                return;
            }
        }
        const size_t slash = path.find('/', end);
        if (slash == std::string_view::npos) {
            return;
        }
        end = slash + 1;
    }
}

bool Store::is_selected(std::string_view path)
{
    bool selected = false;
    each_selector_of(path, [&](const SelectorRecord& record) {
        selected = !record.overlap;
        return !selected;
    });
    return selected;
}

// Gives each worker with a selector that matches the topic an interest in it.
// False when the zone is full.
bool Store::tell_selectors(Transaction& tx, Topic& topic)
{
    Interest* interests[kMaxWorkers] = {}; // by worker
    for (Interest* interest = topic.interests; interest != nullptr;
         interest = interest->topic_next) {
        if (!interest->dropped) {
            interests[interest->worker] = interest;
        }
    }
    uint32_t sessions[kMaxWorkers] = {};
    bool room = true;
    each_selector_of(topic.path(), [&](SelectorRecord& record) {
        if (record.overlap) {
            sessions[record.worker] -= repeats_of(record, topic.path());
            return true;
        }
        Interest*& interest = interests[record.worker];
        if (interest == nullptr) {
            interest = new_interest(tx, topic, record.worker, 0);
        }
        sessions[record.worker] += record.sessions;
        room = interest != nullptr;
        return room;
    });
    if (!room) {
        return false;
    }
    // The worker itself counts for what it has claimed.
    for (size_t i = 0; i < kMaxWorkers; i++) {
        if (interests[i] != nullptr && interests[i]->token == 0) {
            tx.set(interests[i]->subscribers, sessions[i]);
        }
    }
    return true;
}

} // namespace ws_pubsub
