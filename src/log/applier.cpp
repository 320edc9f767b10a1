#include "log/applier.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/topic.hpp"
#include "log/log_hosts.hpp"
#include "log/log_time.hpp"
#include "topics/eviction.hpp"
#include "topics/forks.hpp"
#include "topics/origins.hpp"
#include "topics/publishing.hpp"
#include "topics/removal.hpp"
#include "topics/replica_state.hpp"
#include "topics/topic_clocks.hpp"
#include "topics/wheel.hpp"

namespace ws_pubsub {

namespace {

// For so long nobody says anything only where nobody can.
constexpr int64_t kSilenceMs = 2 * kAliveMs;

} // namespace

// What each entry ends with.
class EntryEnd final : public ChangeNote {
public:
    EntryEnd(Applier& applier, const LogId& id, const EntryHead& head,
             OriginRecord* origin, int64_t time_ms)
        : applier_(applier), id_(id), head_(head), origin_(origin),
          time_ms_(time_ms)
    {}

    void set(Transaction& tx)
    {
        ReplicaBook& book = applier_.parts_.header.replica;
        if (applier_.people_ != nullptr &&
            time_ms_ - book.time_ms >= kSilenceMs) {
            applier_.people_->note_silence(tx, time_ms_ - book.time_ms);
        }
        tx.set(book.last.ms, id_.ms);
        tx.set(book.last.number, id_.number);
        tx.set(book.last_nonce, head_.nonce);
        tx.set(book.time_ms, time_ms_);
        tx.set(book.entries, book.entries + 1);
        if (book.done != 0) {
            tx.set(book.done, uint64_t{0});
        }
        tx.set(book.clock_offset_ms, time_ms_ - applier_.host_.ticks_ms());
        if (origin_ != nullptr) {
            Origins(applier_.parts_.header, tx)
                .set_number(*origin_, head_.number, time_ms_);
        }
    }
    void note(Transaction& tx, const Result<ChangeAnswer>& result) override
    {
        set(tx);
        applier_.answers_.answer(tx, head_, result);
    }

private:
    Applier& applier_;
    const LogId& id_;
    const EntryHead& head_;
    OriginRecord* origin_; // null: it has none
    int64_t time_ms_;
};

void Applier::begin(const ReplicaStart& start)
{
    Transaction tx(parts_.access);
    TopicsHeader& header = parts_.header;
    ReplicaBook& book = header.replica;
    tx.set(book.on, true);
    tx.set(book.last.ms, start.last.ms);
    tx.set(book.last.number, start.last.number);
    tx.set(book.last_nonce, start.last_nonce);
    tx.set(book.time_ms, start.time_ms);
    tx.set(book.swept_ms, start.time_ms);
    tx.set(book.clock_offset_ms, start.time_ms - host_.ticks_ms());
    // In microseconds, as those of a zone that follows none.
    tx.set(book.next_local_epoch,
           kLocalEpochs + static_cast<uint64_t>(host_.now_ms()) * 1000);
    tx.set(header.next_epoch, start.next_epoch);
    tx.set(header.wheel.tick, TimingWheel::tick_of(start.time_ms));
}

Applied Applier::step(const LogId& id, const LogEntry& entry)
{
    Transaction tx(parts_.access);
    const ReplicaBook& book = parts_.header.replica;
    if (book.replacing != 0) {
        return Applied::lost;
    }
    if (id <= book.last) {
        return Applied::skipped;
    }
    const auto* change = std::get_if<Change>(&entry.body);
    if (id.ms > kMostLogTimeMs ||
        (change != nullptr && is_reserved(change->topic))) {
        return Applied::unreadable;
    }
    const int64_t time_ms = std::max(book.time_ms, static_cast<int64_t>(id.ms));
    if (book.swept_ms > time_ms) {
        return Applied::lost;
    }
    if (!LogTime(parts_, tx, touched_).sweep(time_ms)) {
        return Applied::more;
    }
    return apply(tx, id, entry, time_ms);
}

Applied Applier::apply(Transaction& tx, const LogId& id, const LogEntry& entry,
                       int64_t time_ms)
{
    const EntryHead& head = entry.head;
    OriginRecord* origin = nullptr;
    if (head.origin != 0) {
        Origins origins(parts_.header, tx);
        origin = origins.find(head.origin);
        if (origin != nullptr && head.number <= origin->number) {
            EntryEnd(*this, id, head, nullptr, time_ms).set(tx);
            tx.commit();
            return Applied::skipped;
        }
        // Before the entry, since what it begins may be taken back.
        if (origin == nullptr) {
            origin = origins.make(head.origin, time_ms);
            if (origin == nullptr) {
                tx.rollback();
                (void)Eviction(parts_, tx, sizeof(OriginRecord)).evict_some();
                return try_again();
            }
            tx.commit();
        }
    }
    EntryEnd end(*this, id, head, origin, time_ms);
    if (const auto* change = std::get_if<Change>(&entry.body)) {
        return apply_change(tx, end, *change, time_ms);
    }
    if (const auto* touch = std::get_if<TouchEntry>(&entry.body)) {
        const Applied applied = apply_touch(tx, head, *touch, time_ms);
        if (applied != Applied::done) {
            return applied;
        }
    } else if (const auto* here = std::get_if<HereEntry>(&entry.body)) {
        const Applied applied = apply_here(tx, head, *here);
        if (applied != Applied::done) {
            return applied;
        }
    } else if (const auto* term = std::get_if<TermEntry>(&entry.body)) {
        apply_term(tx, id, *term);
    } else if (const auto* alive = std::get_if<AliveEntry>(&entry.body)) {
        apply_alive(tx, *alive, time_ms);
    }
    end.set(tx);
    tx.commit();
    return Applied::done;
}

Applied Applier::apply_change(Transaction& tx, EntryEnd& end, Change change,
                              int64_t time_ms)
{
    change.now_ms = time_ms;
    change.ticks_ms = time_ms;
    change.note = &end;
    const auto result = change.op == Change::Op::remove
                            ? Removal(parts_, tx, change).remove()
                            : Publishing(parts_, tx, change).publish();
    tx.commit();
    return !result && result.error().code == kNoMemory.code ? try_again()
                                                            : Applied::done;
}

Applied Applier::try_again() const
{
    const TopicsHeader& header = parts_.header;
    return header.age_head != nullptr || header.untidy != nullptr
               ? Applied::more
               : Applied::stuck;
}

// Where a part of the entry was done, the rest begins.
size_t Applier::place_in(const EntryHead& head, size_t end) const
{
    const ReplicaBook& book = parts_.header.replica;
    return book.doing_nonce == head.nonce ? std::min<size_t>(book.done, end)
                                          : 0;
}

Applied Applier::go_on_at(Transaction& tx, const EntryHead& head, size_t place)
{
    ReplicaBook& book = parts_.header.replica;
    tx.set(book.doing_nonce, head.nonce);
    tx.set(book.done, place);
    tx.commit();
    return Applied::more;
}

// A topic that was touched is so, whatever becomes of the entry.
Applied Applier::apply_touch(Transaction& tx, const EntryHead& head,
                             const TouchEntry& touch, int64_t time_ms)
{
    const size_t begin = place_in(head, touch.topics.size());
    const size_t end = std::min(touch.topics.size(), begin + kTouchedPerLock);
    TopicClocks clocks(parts_.header, tx);
    for (size_t i = begin; i < end; i++) {
        Topic* topic = parts_.records.find(touch.topics[i]);
        if (topic != nullptr && !is_reserved(topic->path())) {
            clocks.touch(*topic, time_ms);
        }
    }
    return end == touch.topics.size() ? Applied::done : go_on_at(tx, head, end);
}

// As it is with those who are touched.
Applied Applier::apply_here(Transaction& tx, const EntryHead& head,
                            const HereEntry& here)
{
    if (people_ == nullptr) {
        return Applied::done;
    }
    if (people_->is_own_host(here.host)) {
        return people_->settle(tx, head.number) ? Applied::done : Applied::more;
    }
    const size_t begin = place_in(head, here.people.size());
    const size_t end = std::min(here.people.size(), begin + kHeardPerLock);
    for (size_t i = begin; i < end; i++) {
        const PersonHere& one = here.people[i];
        people_->hear(tx, here.host, one.topic, one.identity, one.connections);
    }
    return end == here.people.size() ? Applied::done : go_on_at(tx, head, end);
}

void Applier::apply_alive(Transaction& tx, const AliveEntry& alive,
                          int64_t time_ms)
{
    const bool is_new = LogHosts(parts_.header, tx).hear(alive, time_ms);
    if (people_ == nullptr) {
        return;
    }
    if (alive.leaving) {
        people_->hear_leaving(tx, alive.host);
    } else {
        people_->hear_alive(tx, alive.host, is_new || alive.asks);
    }
}

void Applier::apply_term(Transaction& tx, const LogId& id,
                         const TermEntry& term)
{
    ReplicaBook& book = parts_.header.replica;
    const bool begins = term.op == EntryOp::genesis;
    if (!begins && !term.forced && term.lineage == book.lineage_text()) {
        return;
    }
    Forks(parts_.header, tx).begin_term(term.jump);
    tx.set(book.rewound, uint64_t{0});
    ReplicaState(parts_.header, tx).set_lineage(term.lineage);
    if (begins) {
        tx.set(book.body_seed[0], term.body_seed[0]);
        tx.set(book.body_seed[1], term.body_seed[1]);
        tx.set(book.genesis.ms, id.ms);
        tx.set(book.genesis.number, id.number);
        tx.set(book.before.ms, book.last.ms);
        tx.set(book.before.number, book.last.number);
        tx.set(book.before_nonce, book.last_nonce);
    }
}

} // namespace ws_pubsub
