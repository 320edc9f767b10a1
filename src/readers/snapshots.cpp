#include "readers/snapshots.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/keyed_hash.hpp"
#include "base/limits.hpp"
#include "topics/emptying.hpp"
#include "topics/forks.hpp"
#include "topics/snapshot_loader.hpp"

namespace ws_pubsub {

bool Snapshots::lead(WorkerId worker)
{
    Transaction tx(access_);
    return Lease(header_, header_.snapshots.lease)
               .take(tx, worker, access_.clock.ticks_ms(), kSnapshotLeaseMs) !=
           Lease::Taken::not_taken;
}

void Snapshots::give_up(WorkerId worker)
{
    Transaction tx(access_);
    Lease(header_, header_.snapshots.lease).give_up(tx, worker);
}

std::optional<LoadedSnapshot> Snapshots::load(std::string_view data,
                                              const SnapshotHead& head)
{
    const int64_t now_ms = access_.clock.now_ms();
    const int64_t away_ms =
        now_ms -
        std::clamp<int64_t>(head.written_ms, 0, std::max<int64_t>(now_ms, 0));
    auto loaded = SnapshotLoader(topics_, revocations_, data, away_ms).load();
    if (!loaded) {
        return header_.replica.on ? begin_without(data) : std::nullopt;
    }
    courier_.restore(loaded->marks);
    if (loaded->exact) {
        return loaded; // nothing is lost: the log has what came after it
    }
    Transaction tx(access_);
    tx.set(header_.next_epoch, std::max(header_.next_epoch, head.next_epoch));
    if (!head.clean) {
        Forks(header_, tx).begin_term(random_jump());
    }
    return loaded;
}

// What had to fit exactly did not: the zone is empty, and comes to what there
// is by the log.
std::optional<LoadedSnapshot> Snapshots::begin_without(std::string_view data)
{
    const auto found = survey(data);
    if (!found) {
        return std::nullopt;
    }
    Emptying emptying(topics_, std::max<uint64_t>(random_hash_key().first, 1));
    while (emptying.step() == Emptying::State::more) {
    }
    emptying.end();
    LoadedSnapshot loaded;
    loaded.topics_left_out = found->topics;
    return loaded;
}

void Snapshots::adopt(SnapshotSlots& slots, const SnapshotSlots::Newest& newest,
                      Has has)
{
    const bool found = newest.state == SlotState::good;
    uint64_t generation = found ? newest.head.generation : 0;
    for (const auto& [state, head] : slots.heads()) {
        if (state == SlotState::good && head.generation > generation) {
            generation = head.generation + 1; // the newest one counts as newer
        }
    }
    const uint64_t owner = std::max<uint64_t>(random_hash_key().first, 1);
    slots.claim(owner);
    Transaction tx(access_);
    SnapshotBook& book = header_.snapshots;
    tx.set(book.owner, owner);
    tx.set(book.generation, generation);
    tx.set(book.slot, static_cast<uint32_t>(found ? newest.slot : 1));
    // What did not fit stays in the file until there is more to be written.
    tx.set(book.content, has == Has::else_ ? 0 : content_now());
    if (has != Has::else_) {
        tx.set(book.clean, !found || newest.clean);
    }
    tx.set(book.due, has == Has::else_);
    tx.set(book.jobs, book.jobs + 1);
    tx.set(book.written_ms, access_.clock.ticks_ms());
    tx.set(book.tried_ms, access_.clock.ticks_ms());
    tx.set(book.bytes, found ? newest.head.bytes : 0);
}

void Snapshots::forget()
{
    Transaction tx(access_);
    tx.set(header_.snapshots.owner, uint64_t{0});
}

SnapshotBook Snapshots::book() const
{
    const Transaction tx(access_);
    return header_.snapshots;
}

// Counters that move with whatever changes what is saved.
uint64_t Snapshots::content_now() const
{
    std::string text;
    ByteWriter out(text);
    const TopicTotals& totals = header_.totals;
    for (const uint64_t number :
         {totals.topics, totals.items, totals.published, totals.evicted,
          totals.expired, header_.revocations.changes, header_.next_epoch}) {
        out.number(number);
    }
    for (const Position& taken : header_.events.courier.taken) {
        out.number(taken.epoch);
        out.number(taken.seq);
    }
    return std::max<uint64_t>(keyed_hash(text, {}), 1);
}

uint64_t Snapshots::content()
{
    const Transaction tx(access_);
    return content_now();
}

bool Snapshots::has_changed()
{
    const Transaction tx(access_);
    return content_now() != header_.snapshots.content;
}

SnapshotHead Snapshots::next_head()
{
    const Transaction tx(access_);
    SnapshotHead head;
    head.generation = header_.snapshots.generation + 1;
    head.written_ms = access_.clock.now_ms();
    head.owner = header_.snapshots.owner;
    head.term = header_.terms;
    head.next_epoch = header_.next_epoch;
    return head;
}

void Snapshots::say_position(SnapshotHead& head) const
{
    const Transaction tx(access_);
    head.log_ms = header_.replica.last.ms;
    head.log_number = header_.replica.last.number;
    head.lineage = header_.replica.lineage_text().substr(0, kMaxLineageBytes);
}

bool Snapshots::is_being_filled() const
{
    const Transaction tx(access_);
    return header_.replica.replacing != 0;
}

// Epochs that were given there are not given again.
void Snapshots::take_back(const SnapshotSlots::Heads& heads)
{
    Transaction tx(access_);
    SnapshotBook& book = header_.snapshots;
    for (size_t i = 0; i < heads.size(); i++) {
        const SnapshotHead& head = heads[i].head;
        if (heads[i].state == SlotState::good &&
            head.generation >= book.generation) {
            tx.set(book.generation, head.generation);
            tx.set(book.slot, static_cast<uint32_t>(i));
            // Those of a log are not this host's to give.
            if (!header_.replica.on) {
                tx.set(header_.next_epoch,
                       std::max(header_.next_epoch, head.next_epoch));
            }
        }
    }
}

uint64_t Snapshots::note_begin()
{
    Transaction tx(access_);
    SnapshotBook& book = header_.snapshots;
    tx.set(book.tried_ms, access_.clock.ticks_ms());
    tx.set(book.due, false);
    tx.set(book.jobs, book.jobs + 1);
    return book.jobs;
}

bool Snapshots::note_end(const SnapshotHead& head, size_t slot,
                         uint64_t content)
{
    Transaction tx(access_);
    SnapshotBook& book = header_.snapshots;
    if (book.owner != head.owner) {
        return false;
    }
    const bool failed = book.fails;
    const int64_t ticks_ms = access_.clock.ticks_ms();
    tx.set(book.generation, head.generation);
    tx.set(book.slot, static_cast<uint32_t>(slot));
    tx.set(book.fails, false);
    tx.set(book.content, content);
    tx.set(book.written_ms, ticks_ms);
    tx.set(book.bytes, head.bytes);
    tx.set(book.took_ms, static_cast<uint64_t>(
                             std::max<int64_t>(ticks_ms - book.tried_ms, 0)));
    return failed;
}

bool Snapshots::note_failure()
{
    Transaction tx(access_);
    SnapshotBook& book = header_.snapshots;
    const bool failed = book.fails;
    tx.set(book.fails, true);
    tx.set(book.failures, book.failures + 1);
    return !failed;
}

SnapshotStatus Snapshots::status() const
{
    const SnapshotBook& book = header_.snapshots;
    if (book.owner == 0) {
        return {};
    }
    return {std::max<int64_t>(access_.clock.ticks_ms() - book.written_ms, 0),
            book.bytes, book.took_ms, book.failures, book.clean};
}

} // namespace ws_pubsub
