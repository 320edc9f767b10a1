#include "readers/snapshot_job.hpp"

#include <unistd.h>

#include "base/crc32c.hpp"
#include "base/limits.hpp"
#include "topics/snapshot_lock.hpp"

namespace ws_pubsub {

SnapshotJob::SnapshotJob(Snapshots& snapshots, const SnapshotSlots& slots,
                         bool clean)
    : snapshots_(snapshots), slots_(slots), clean_(clean),
      book_(snapshots.book()),
      writer_(snapshots.topics(), snapshots.marks(),
              clean ? SnapshotWriter::Of::last_host : SnapshotWriter::Of::host),
      content_(snapshots.content())
{}

SnapshotJob::State SnapshotJob::run()
{
    constexpr int64_t kPauseMs = 10;
    State state = step();
    for (int64_t waited_ms = 0; state == State::more || state == State::busy;) {
        if (state == State::busy) {
            if (waited_ms >= kSnapshotLeaseMs) {
                return State::failed;
            }
            usleep(kPauseMs * 1000);
            waited_ms += kPauseMs;
        }
        state = step();
    }
    return state;
}

// Of another nginx, which was begun with these slots since.
bool SnapshotJob::is_foreign(const SnapshotSlots::Head& found,
                             size_t slot) const
{
    const uint64_t least = book_.generation + (slot == target_ ? 1 : 0);
    return (found.state == SlotState::good ||
            found.state == SlotState::claimed) &&
           found.head.generation >= least && found.head.owner != book_.owner;
}

// What another nginx has is newer, as long as it lives.
SnapshotJob::State SnapshotJob::take_back(const SnapshotSlots::Heads& heads)
{
    bool foreign = false;
    for (size_t i = 0; i < heads.size(); i++) {
        if (is_foreign(heads[i], i)) {
            foreign = true;
            if (slots_.is_claimed(heads[i].head.owner)) {
                return State::taken_over;
            }
        }
    }
    if (foreign) {
        snapshots_.take_back(heads);
    }
    return State::more;
}

SnapshotJob::State SnapshotJob::begin()
{
    book_ = snapshots_.book();
    if (book_.owner == 0 || book_.owner != slots_.owner()) {
        return State::stale; // a reload has named another file
    }
    if (snapshots_.is_being_filled()) {
        return State::unfit;
    }
    const uint64_t job = snapshots_.note_begin();
    target_ = 1 - book_.slot;
    heads_ = slots_.heads();
    if (const State state = take_back(heads_); state != State::more) {
        return state;
    }
    book_ = snapshots_.book();
    book_.jobs = job;
    book_.owner = slots_.owner();
    target_ = 1 - book_.slot;
    heads_[target_] = {};
    piece_.reserve(kStepBytes + SnapshotWriter::kBytesPerLock);
    begun_ = true;
    return slots_[target_].clear_head() ? State::more : State::failed;
}

// Whether it may go on. This process may have done nothing for a while.
SnapshotJob::State SnapshotJob::check() const
{
    const SnapshotBook now = snapshots_.book();
    if (now.jobs != book_.jobs || now.owner != book_.owner) {
        return State::stale;
    }
    return slots_.heads() == heads_ ? State::more : State::taken_over;
}

SnapshotJob::State SnapshotJob::step()
{
    const SnapshotLock lock(slots_);
    if (!lock.is_held()) {
        return State::busy;
    }
    if (const State state = begun_ ? check() : begin(); state != State::more) {
        return state;
    }
    piece_.clear();
    for (size_t holds = 0;
         !complete_ && piece_.size() < kStepBytes && holds < kHoldsPerStep;
         holds++) {
        complete_ = !writer_.step(piece_);
    }
    if (writer_.is_void()) {
        return State::unfit;
    }
    if (!slots_[target_].write(bytes_, piece_)) {
        return State::failed;
    }
    crc_ = crc32c(piece_, crc_);
    bytes_ += piece_.size();
    return complete_ ? finish() : State::more;
}

SnapshotJob::State SnapshotJob::finish()
{
    SnapshotHead head = snapshots_.next_head();
    head.owner = book_.owner; // a reload may have named another file since
    head.generation = book_.generation + 1;
    head.bytes = bytes_;
    head.crc = crc_;
    head.clean = clean_;
    if (writer_.position().ms != 0) {
        snapshots_.say_position(head);
    }
    const SnapshotSlot& slot = slots_[target_];
    if (!slot.end(bytes_) ||
        !(clean_ ? slot.write_clean_head(head) : slot.write_head(head))) {
        return State::failed;
    }
    better_ = snapshots_.note_end(head, target_, content_);
    return State::done;
}

} // namespace ws_pubsub
