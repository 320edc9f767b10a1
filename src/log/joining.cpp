#include "log/joining.hpp"

#include <algorithm>

#include "topics/replica_state.hpp"

namespace ws_pubsub {

ReplicaBook Joining::book() const
{
    const Transaction tx(parts_.topics.access);
    return parts_.topics.header.replica;
}

bool Joining::is_at(const LogId& last, uint64_t nonce) const
{
    const ReplicaBook book = this->book();
    return book.has_position() && book.last == last &&
           book.last_nonce == nonce && ReplicaState::is_between_entries(book);
}

void Joining::begin()
{
    stop();
    running_ = true;
    fruitless_ms_.reset();
    joined_ = {};
    const ReplicaBook book = this->book();
    joined_.is_rewound = book.rewound != 0;
    joined_.before = book.last;
    joined_.entries_before = book.entries;
    go_on(book.has_position() ? Step::tail : Step::look);
}

void Joining::stop()
{
    running_ = false;
    calls_.forget();
    seeding_.stop();
    drop();
}

// What was fetched.
void Joining::drop()
{
    filling_.reset();
    survey_.reset();
    surveyor_.reset();
    download_.reset();
}

void Joining::go_on(Step step, int64_t ms)
{
    step_ = step;
    owner_.run_in(ms);
}

void Joining::again(Step step)
{
    drop();
    rejected_.clear();
    go_on(step, kAgainMs);
}

void Joining::expect(bool taken, Step step)
{
    if (!taken) {
        again(step);
    }
}

bool Joining::fails(const LogOutcome& outcome, Step step)
{
    expect(outcome.is_done(), step);
    return !outcome.is_done();
}

void Joining::stuck(std::string_view why)
{
    const std::string text(why);
    stop();
    owner_.on_stuck(text);
}

void Joining::joined(Joined::How how)
{
    joined_.how = how;
    joined_.snapshot_bytes = how == Joined::How::loaded ? stored_.bytes : 0;
    stop();
    owner_.on_joined(joined_);
}

void Joining::reject()
{
    drop();
    rejected_.push_back(stored_.id);
    go_on(Step::choose);
}

bool Joining::is_rejected(const StoredSnapshot& stored) const
{
    return stored.id == 0 || stored.genesis != ground_.genesis ||
           std::find(rejected_.begin(), rejected_.end(), stored.id) !=
               rejected_.end();
}

void Joining::run()
{
    if (!running_) {
        return;
    }
    switch (step_) {
    case Step::tail:
        return ask_tail();
    case Step::first:
        return ask_first();
    case Step::look:
        return look();
    case Step::choose:
        return choose();
    case Step::check:
        return check();
    case Step::fetch:
        return fetch();
    case Step::apply:
        return apply_genesis();
    case Step::survey:
        return survey_some();
    case Step::fill:
        return fill_some();
    case Step::fruitless:
        return ask_whether_followed();
    case Step::seed:
        return seed_some();
    }
}

// Whether the zone's last entry was lost, or was trimmed: lost it is where the
// log ends before it, or has older ones.
void Joining::ask_tail()
{
    expect(parts_.log.tail(calls_.expect([this](const LogOutcome& outcome,
                                                const LogId& tail) {
        if (fails(outcome, Step::tail)) {
            return;
        }
        const bool has_log = tail.ms != 0;
        joined_.is_rewound |= has_log && !(joined_.before <= tail);
        go_on(has_log && !joined_.is_rewound ? Step::first : Step::look);
    })),
           Step::tail);
}

void Joining::ask_first()
{
    expect(parts_.log.follow({}, 0,
                             calls_.expect([this](const LogOutcome& outcome,
                                                  const Followed& found) {
                                 if (fails(outcome, Step::first)) {
                                     return;
                                 }
                                 joined_.is_rewound =
                                     !found.records.empty() &&
                                     found.records.front().id <= joined_.before;
                                 go_on(Step::look);
                             })),
           Step::first);
}

void Joining::look()
{
    expect(parts_.snapshots.look(calls_.expect(
        [this](const LogOutcome& outcome, const LogGround& ground) {
            if (!fails(outcome)) {
                ground_ = ground;
                foreign_ = ground.foreign;
                ground_.foreign = {};
                go_on(Step::choose);
            }
        })));
}

void Joining::choose()
{
    if (!foreign_.empty()) {
        return stuck(foreign_);
    }
    if (!ground_.has_log || !ground_.genesis) {
        return seed(std::nullopt);
    }
    for (const StoredSnapshot& stored : {ground_.newest, ground_.previous}) {
        if (!is_rejected(stored)) {
            return take(stored);
        }
    }
    go_on(Step::fruitless);
}

void Joining::take(const StoredSnapshot& stored)
{
    stored_ = stored;
    if (stored.format > kReplicaFormat) {
        return stuck("the snapshot is of format " +
                     std::to_string(stored.format) + ": upgrade this host");
    }
    if (stored.bytes > kMostZones * parts_.topics.header.zone_bytes) {
        return stuck("too small to follow the log");
    }
    if (stored.format != kReplicaFormat || stored.bytes == 0 ||
        stored.chunks == 0 || stored.chunks > stored.bytes) {
        return reject();
    }
    go_on(Step::check);
}

void Joining::check()
{
    expect(parts_.log.look_up(stored_.position,
                              calls_.expect([this](const LogOutcome& outcome,
                                                   const LogRecord* record) {
                                  if (!fails(outcome)) {
                                      on_position(record);
                                  }
                              })));
}

void Joining::on_position(const LogRecord* record)
{
    if (!is_entry(record, stored_.nonce)) {
        return reject();
    }
    if (is_at(stored_.position, stored_.nonce)) {
        joined_.is_rewound = book().rewound != 0;
        return joined(Joined::How::adopted);
    }
    genesis_ = stored_.position == ground_.genesis ? record->bytes
                                                   : std::string_view();
    download_.emplace(stored_);
    go_on(Step::fetch);
}

void Joining::fetch()
{
    expect(parts_.snapshots.get(
        stored_.id, download_->next_chunk(),
        calls_.expect([this](const LogOutcome& outcome,
                             std::optional<std::string_view> chunk) {
            if (!fails(outcome)) {
                on_chunk(chunk);
            }
        })));
}

void Joining::on_chunk(std::optional<std::string_view> chunk)
{
    if (!chunk) {
        const bool twice = std::exchange(vanished_, stored_.id) == stored_.id;
        return twice ? reject() : again(); // there may be a newer one by now
    }
    const auto took = download_->take(*chunk);
    if (took == SnapshotDownload::Took::bad) {
        return reject();
    }
    if (needs_only_genesis()) {
        return go_on(Step::apply);
    }
    if (took == SnapshotDownload::Took::more) {
        return go_on(Step::fetch);
    }
    surveyor_.emplace(download_->bytes());
    go_on(Step::survey);
}

// Whether the zone is where the one was with which the log begins.
bool Joining::needs_only_genesis() const
{
    if (genesis_.empty() || download_->next_chunk() != 1) {
        return false;
    }
    const auto replica = download_->replica();
    return replica && is_at(replica->before, replica->before_nonce);
}

void Joining::apply_genesis()
{
    switch (parts_.applier.step(stored_.position, *decode_entry(genesis_))) {
    case Applied::more:
        return owner_.run_in(0);
    case Applied::done:
        joined_.is_rewound = false; // it begins a term
        return joined(Joined::How::adopted);
    case Applied::stuck:
        return stuck("too small to follow the log");
    case Applied::skipped:
    case Applied::unreadable:
    case Applied::lost:
        genesis_.clear();
        return go_on(Step::fetch);
    }
}

void Joining::survey_some()
{
    const auto state = surveyor_->step(kSurveyBytes);
    if (state == SnapshotSurveyor::State::more) {
        return owner_.run_in(0);
    }
    state == SnapshotSurveyor::State::done ? on_survey() : reject();
}

void Joining::on_survey()
{
    survey_ = surveyor_->take();
    const auto& replica = survey_->replica;
    if (!replica || replica->last != stored_.position ||
        replica->last_nonce != stored_.nonce) {
        return reject();
    }
    if (capacity_bytes_ != 0 && replica->used_bytes > capacity_bytes_) {
        return stuck("too small to follow the log");
    }
    begin_filling();
}

void Joining::begin_filling()
{
    owner_.on_replacing();
    filling_.emplace(parts_.topics, download_->bytes(), std::move(*survey_),
                     joined_.is_rewound);
    survey_.reset();
    go_on(Step::fill);
}

void Joining::fill_some()
{
    switch (filling_->step()) {
    case SnapshotLoader::State::more:
        return owner_.run_in(0);
    case SnapshotLoader::State::done:
        return joined(Joined::How::loaded);
    case SnapshotLoader::State::too_small:
        return stuck("too small to follow the log");
    case SnapshotLoader::State::stale:
        return again();
    }
}

// Whoever follows it writes to it every few seconds, and a snapshot before
// long.
void Joining::ask_whether_followed()
{
    expect(parts_.log.tail(
        calls_.expect([this](const LogOutcome& outcome, const LogId& tail) {
            if (fails(outcome)) {
                return;
            }
            const int64_t now_ms = parts_.host.ticks_ms();
            if (!fruitless_ms_ || fruitless_tail_ != tail) {
                fruitless_ms_ = now_ms;
                fruitless_tail_ = tail;
            }
            if (now_ms - *fruitless_ms_ < kFruitlessMs) {
                return again();
            }
            seed(ground_.genesis);
        })));
}

void Joining::seed(const std::optional<LogId>& useless)
{
    fruitless_ms_.reset();
    seeding_.begin(useless);
    go_on(Step::seed);
}

void Joining::seed_some()
{
    switch (seeding_.run()) {
    case Seeding::State::runs:
        return;
    case Seeding::State::seeded:
        joined_.is_rewound = false; // it begins a term
        return joined(Joined::How::seeded);
    case Seeding::State::found:
        rejected_.clear();
        return go_on(Step::look);
    case Seeding::State::stuck:
        return stuck(std::string(seeding_.why()));
    }
}

} // namespace ws_pubsub
