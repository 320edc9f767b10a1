#include "log/seeding.hpp"

#include <algorithm>

#include "base/keyed_hash.hpp"
#include "topics/forks.hpp"

namespace ws_pubsub {

namespace {

// Of a host that has topics, but none of a log.
constexpr LogId kSomething{0, 1};

constexpr size_t kHoldsPerTurn = 4;

uint64_t random_number()
{
    return std::max<uint64_t>(random_hash_key().first, 1);
}

} // namespace

void Seeding::begin(const std::optional<LogId>& useless)
{
    stop();
    useless_ = useless;
    since_ms_ = parts_.host.ticks_ms();
    step_ = Step::look;
}

void Seeding::stop()
{
    calls_.forget();
    emptying_.reset();
    upload_.reset();
}

void Seeding::go_on(Step step, int64_t ms)
{
    step_ = step;
    owner_.run_in(ms);
}

Seeding::State Seeding::run()
{
    switch (step_) {
    case Step::look:
        look();
        break;
    case Step::offer:
        offer(Step::choose); // by then the others have done so, too
        break;
    case Step::choose:
        offer(Step::name);
        break;
    case Step::empty:
        empty_some();
        break;
    case Step::name:
        name();
        break;
    case Step::apply:
        apply_some();
        break;
    case Step::write:
        write_some();
        break;
    case Step::put:
        put();
        break;
    case Step::found:
        found();
        break;
    case Step::seeded:
        tell_seeded();
        return State::seeded;
    case Step::other:
        return State::found;
    case Step::stuck:
        return State::stuck;
    }
    return State::runs;
}

void Seeding::look()
{
    const bool taken = parts_.snapshots.look(calls_.expect(
        [this](const LogOutcome& outcome, const LogGround& ground) {
            if (outcome.is_done()) {
                on_ground(ground);
            } else {
                again();
            }
        }));
    if (!taken) {
        again();
    }
}

void Seeding::on_ground(const LogGround& ground)
{
    if (!ground.foreign.empty()) {
        why_ = ground.foreign;
        return go_on(Step::stuck);
    }
    if (upload_ && ground.has_log && ground.genesis == id_ &&
        ground.newest.id == upload_->stored(id_).id) {
        return go_on(Step::seeded); // there was no answer, but it was done
    }
    upload_.reset();
    if (ground.has_log && ground.genesis && ground.genesis != useless_) {
        return go_on(Step::other);
    }
    genesis_before_ = ground.genesis;
    const bool waits =
        !has_state() && parts_.host.ticks_ms() - since_ms_ < kNoStateMs;
    if (waits) {
        return again();
    }
    go_on(Step::offer);
}

// Whether the zone has anything that others could want; and its offer. Where
// somebody has tried to begin a log with it, it is as far as it was before.
bool Seeding::has_state()
{
    const Transaction tx(parts_.topics.access);
    const ReplicaBook& book = parts_.topics.header.replica;
    had_state_ =
        book.replacing == 0 && (book.last.ms != 0 || book.used_bytes != 0);
    own_.host = parts_.host_id;
    own_.position = {};
    if (had_state_) {
        own_.position = book.last.ms != 0 ? book.last : kSomething;
    }
    return had_state_;
}

void Seeding::offer(Step then)
{
    const bool taken = parts_.snapshots.offer(
        own_, calls_.expect([this, then](const LogOutcome& outcome,
                                         std::span<const SeedOffer> offers) {
            if (outcome.is_done() && then == Step::choose) {
                go_on(Step::choose, kOfferMs);
            } else if (outcome.is_done() && is_furthest(offers)) {
                begin_log();
            } else {
                again();
            }
        }));
    if (!taken) {
        again();
    }
}

bool Seeding::is_furthest(std::span<const SeedOffer> offers) const
{
    return std::all_of(offers.begin(), offers.end(), [&](const auto& other) {
        return other.host == own_.host ||
               (other.position == own_.position
                    ? other.host < own_.host
                    : other.position <= own_.position);
    });
}

// What was half filled when its worker died is nothing.
void Seeding::begin_log()
{
    bool is_half = false;
    {
        const Transaction tx(parts_.topics.access);
        is_half = parts_.topics.header.replica.replacing != 0;
    }
    if (is_half) {
        emptying_.emplace(parts_.topics, random_number(),
                          Emptying::Loss::possible);
    }
    go_on(is_half ? Step::empty : Step::name);
}

void Seeding::empty_some()
{
    owner_.on_replacing();
    auto state = Emptying::State::more;
    for (size_t i = 0; i < kHoldsPerTurn && state == Emptying::State::more;
         i++) {
        state = emptying_->step();
    }
    if (state == Emptying::State::more) {
        return owner_.run_in(0);
    }
    if (state == Emptying::State::stale) {
        return again();
    }
    emptying_->end();
    go_on(Step::name);
}

void Seeding::name()
{
    const bool taken = parts_.snapshots.next_id(
        calls_.expect([this](const LogOutcome& outcome, const LogId& id) {
            if (!outcome.is_done() || !parts_.log.is_open()) {
                return again();
            }
            make_entry(id);
            go_on(Step::apply);
        }));
    if (!taken) {
        again();
    }
}

// Where it failed after that the zone has the entry already, and of no log.
void Seeding::make_entry(const LogId& id)
{
    const Transaction tx(parts_.topics.access);
    const ReplicaBook& book = parts_.topics.header.replica;
    if (!entry_.empty() && book.last == id_ && book.last_nonce == nonce_) {
        return;
    }
    const auto swept_ms = static_cast<uint64_t>(book.swept_ms);
    const LogId least{std::max(book.last.ms + 1, swept_ms), 0};
    id_ = id <= least ? least : id;
    nonce_ = random_number();
    TermEntry genesis;
    genesis.op = EntryOp::genesis;
    genesis.lineage = parts_.log.lineage();
    genesis.jump = random_jump();
    // With which keys that still count were given.
    genesis.body_seed[0] = book.body_seed[0];
    genesis.body_seed[1] = book.body_seed[1];
    if (genesis.body_seed[0] == 0 && genesis.body_seed[1] == 0) {
        const HashKey seed = random_hash_key();
        genesis.body_seed[0] = seed.first;
        genesis.body_seed[1] = seed.second;
    }
    entry_ = encode({nonce_, 0, 0}, genesis);
}

void Seeding::apply_some()
{
    switch (parts_.applier.step(id_, *decode_entry(entry_))) {
    case Applied::more:
        return owner_.run_in(0);
    case Applied::done:
    case Applied::skipped: // it has it
        upload_.emplace(parts_.topics);
        return go_on(Step::write);
    case Applied::stuck:
        why_ = "too small to follow the log";
        return go_on(Step::stuck);
    case Applied::unreadable:
    case Applied::lost:
        entry_.clear();
        return again();
    }
}

void Seeding::write_some()
{
    const auto written = upload_->write_some();
    if (written == SnapshotUpload::Written::more) {
        return owner_.run_in(0);
    }
    const bool is_of_entry = upload_->stored(id_).position == id_;
    if (written == SnapshotUpload::Written::nothing || !is_of_entry) {
        upload_.reset();
        return again();
    }
    go_on(Step::put);
}

void Seeding::put()
{
    if (upload_->is_put()) {
        return go_on(Step::found);
    }
    const bool taken = upload_->put_next(
        parts_.snapshots, calls_.expect([this](const LogOutcome& outcome) {
            if (!outcome.is_done()) {
                return again();
            }
            upload_->note_put();
            go_on(Step::put);
        }));
    if (!taken) {
        again();
    }
}

void Seeding::found()
{
    const bool taken = parts_.snapshots.found(
        genesis_before_, entry_, upload_->stored(id_),
        calls_.expect([this](const LogOutcome& outcome) {
            if (outcome.is_done()) {
                return go_on(Step::seeded);
            }
            // It may have been done, or somebody else's was.
            go_on(Step::look,
                  outcome.kind == LogOutcome::Kind::refused ? 0 : kAgainMs);
        }));
    if (!taken) {
        again();
    }
}

void Seeding::tell_seeded()
{
    upload_.reset();
    entry_.clear();
    if (had_state_) {
        owner_.log(LogLevel::error,
                   "Redis was empty: gave it this host's state");
    } else {
        owner_.log(LogLevel::notice, "Redis was empty: the log begins");
    }
}

} // namespace ws_pubsub
