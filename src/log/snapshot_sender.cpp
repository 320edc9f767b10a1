#include "log/snapshot_sender.hpp"

#include <algorithm>
#include <string>

namespace ws_pubsub {

void SnapshotSender::begin()
{
    stop();
    looked_ms_ = 0;
    not_before_ms_ = 0;
    go_on(Step::look);
}

void SnapshotSender::stop()
{
    calls_.forget();
    upload_.reset();
    step_ = Step::off;
}

void SnapshotSender::go_on(Step step, int64_t ms)
{
    step_ = step;
    owner_.run_in(ms);
}

void SnapshotSender::rest()
{
    upload_.reset();
    go_on(Step::rest, kTickMs);
}

void SnapshotSender::fail(std::string_view why)
{
    failures_++;
    if (!fails_) {
        owner_.log(LogLevel::warn, std::string("can't store a snapshot in ") +
                                       "Redis: " + std::string(why));
    }
    fails_ = true;
    not_before_ms_ = host_.ticks_ms() + kAgainMs;
    rest();
}

// That the connection has ended is told by others.
bool SnapshotSender::fails(const LogOutcome& outcome)
{
    if (outcome.kind == LogOutcome::Kind::refused) {
        fail(outcome.why);
    } else if (!outcome.is_done()) {
        rest();
    }
    return !outcome.is_done();
}

// Where it is not taken the connection has ended, and stop() comes.
void SnapshotSender::expect(bool taken)
{
    if (!taken) {
        rest();
    }
}

void SnapshotSender::run()
{
    switch (step_) {
    case Step::off:
        return;
    case Step::rest:
        if (is_due() || host_.ticks_ms() - looked_ms_ >= kLookMs) {
            return look();
        }
        return rest();
    case Step::look:
        return look();
    case Step::check:
        return check();
    case Step::lease:
        return lease();
    case Step::write:
        return write();
    case Step::put:
        return put();
    case Step::commit:
        return commit();
    }
}

bool SnapshotSender::is_due()
{
    if (host_.ticks_ms() < not_before_ms_) {
        return false;
    }
    if (newest_.id == 0 || newest_.genesis != genesis_ ||
        newest_.id == useless_id_) {
        return true;
    }
    const int64_t age_ms = topics_.access.clock.ticks_ms() -
                           static_cast<int64_t>(newest_.position.ms);
    const uint64_t bytes = age_.bytes_after(newest_.position);
    return bytes >= 2 * log_bytes_ ||
           (bytes >= log_bytes_ && age_ms >= kLeastAfterMs) ||
           (age_.changed_after(newest_.position) && age_ms >= kAfterMs);
}

void SnapshotSender::look()
{
    step_ = Step::look;
    expect(snapshots_.look(calls_.expect(
        [this](const LogOutcome& outcome, const LogGround& ground) {
            looked_ms_ = host_.ticks_ms();
            if (outcome.is_done()) {
                on_ground(ground);
            } else {
                rest();
            }
        })));
}

// Another host may have stored one.
void SnapshotSender::on_ground(const LogGround& ground)
{
    newest_ = ground.newest;
    genesis_ = ground.genesis;
    if (!ground.has_log || !genesis_) {
        return rest();
    }
    go_on(is_due() ? Step::lease : Step::check);
}

void SnapshotSender::check()
{
    expect(log_.look_up(
        newest_.position, calls_.expect([this](const LogOutcome& outcome,
                                               const LogRecord* record) {
            if (outcome.is_done() && !is_entry(record, newest_.nonce)) {
                useless_id_ = newest_.id;
            }
            is_due() ? go_on(Step::lease) : rest();
        })));
}

void SnapshotSender::lease()
{
    expect(snapshots_.take_lease(
        host_id_, calls_.expect([this](const LogOutcome& outcome) {
            if (!outcome.is_done()) {
                not_before_ms_ = host_.ticks_ms() + kAgainMs;
                return rest();
            }
            leased_ms_ = host_.ticks_ms();
            upload_.emplace(topics_);
            go_on(Step::write);
        })));
}

void SnapshotSender::write()
{
    switch (upload_->write_some()) {
    case SnapshotUpload::Written::more:
        return owner_.run_in(0);
    case SnapshotUpload::Written::all:
        return go_on(Step::put);
    case SnapshotUpload::Written::nothing:
        return rest(); // something was half applied; it is still due
    }
}

void SnapshotSender::put()
{
    if (host_.ticks_ms() - leased_ms_ >= kRenewMs) {
        return renew();
    }
    if (upload_->is_put()) {
        return commit();
    }
    expect(upload_->put_next(snapshots_,
                             calls_.expect([this](const LogOutcome& outcome) {
                                 if (!fails(outcome)) {
                                     upload_->note_put();
                                     go_on(Step::put, kChunkMs);
                                 }
                             })));
}

void SnapshotSender::renew()
{
    expect(snapshots_.take_lease(
        host_id_, calls_.expect([this](const LogOutcome& outcome) {
            if (!outcome.is_done()) {
                return rest(); // this one has hung, and another host does it
            }
            leased_ms_ = host_.ticks_ms();
            go_on(Step::put);
        })));
}

void SnapshotSender::commit()
{
    step_ = Step::commit;
    expect(snapshots_.commit(upload_->stored(*genesis_),
                             calls_.expect([this](const LogOutcome& outcome) {
                                 if (fails(outcome)) {
                                     return;
                                 }
                                 fails_ = false;
                                 const StoredSnapshot previous = newest_;
                                 newest_ = upload_->stored(*genesis_);
                                 trim(previous);
                                 rest();
                             })));
}

// What neither of the two needs, nor a host that follows.
void SnapshotSender::trim(const StoredSnapshot& previous)
{
    if (previous.id == 0 || previous.genesis != newest_.genesis) {
        return;
    }
    LogId least = previous.position;
    {
        const Transaction tx(topics_.access);
        for (const HostRecord& host : topics_.header.replica.hosts) {
            if (host.id != 0 && host.position.ms != 0 &&
                host.position <= least) {
                least = host.position;
            }
        }
    }
    (void)log_.trim(least, [](const LogOutcome& /*outcome*/) {});
}

} // namespace ws_pubsub
