#include "ngx/ngx.hpp"

#include "module/snapshot_keeper.hpp"

#include <algorithm>

#include "module/ngx_clock.hpp"
#include "ngx/guard.hpp"

namespace ws_pubsub {

namespace {

constexpr int64_t kTickMs = 1000;
constexpr ngx_msec_t kBusyMs = 100; // until it is tried again

} // namespace

SnapshotKeeper::SnapshotKeeper(Store& store, WorkerId worker,
                               const SnapshotFile& file,
                               const std::string& zone)
    : store_(store), worker_(worker), file_(file), zone_(zone),
      timer_(on_timer, this, ngx_cycle->log)
{
    timer_.let_worker_end();
}

SnapshotKeeper::~SnapshotKeeper()
{
    give_up();
}

// Another worker may go on.
void SnapshotKeeper::give_up()
{
    job_.reset();
    timer_.stop();
    if (leads_) {
        leads_ = false;
        store_.snapshots.give_up(worker_);
    }
}

void SnapshotKeeper::tick()
{
    if (ngx_exiting) {
        return give_up();
    }
    leads_ = store_.snapshots.lead(worker_);
    if (!leads_) {
        return give_up();
    }
    if (!job_ && !timer_.is_set()) {
        look();
    }
}

// Whether it is time for one.
void SnapshotKeeper::look()
{
    const SnapshotBook book = store_.snapshots.book();
    const int64_t wait_ms = std::max(book.written_ms, book.tried_ms) +
                            file_.interval_ms() - NgxClock().ticks_ms();
    if (wait_ms > 0 && !book.due) {
        if (wait_ms < kTickMs) {
            timer_.start(static_cast<ngx_msec_t>(wait_ms));
        }
        return;
    }
    if (store_.snapshots.has_changed()) {
        job_.emplace(store_.snapshots, file_.slots(), false);
        step();
    } else if (file_.interval_ms() < kTickMs) {
        timer_.start(static_cast<ngx_msec_t>(file_.interval_ms()));
    }
}

// After a time in which this process did nothing another one may lead.
void SnapshotKeeper::go_on()
{
    if (ngx_exiting || !store_.snapshots.lead(worker_)) {
        return give_up();
    }
    if (job_) {
        step();
    } else {
        look();
    }
}

void SnapshotKeeper::step()
{
    const auto state = job_->step();
    if (state == SnapshotJob::State::more) {
        return timer_.start(1);
    }
    if (state == SnapshotJob::State::busy) {
        return timer_.start(kBusyMs);
    }
    if (state == SnapshotJob::State::done) {
        if (job_->is_better()) {
            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "ws_pubsub: zone \"%s\": snapshots are written again",
                          zone_.c_str());
        }
    } else if (state != SnapshotJob::State::stale &&
               state != SnapshotJob::State::unfit) {
        file_.tell_failure(store_, state == SnapshotJob::State::taken_over,
                           ngx_cycle->log);
    }
    job_.reset();
}

void SnapshotKeeper::on_timer(void* self)
{
    auto& keeper = *static_cast<SnapshotKeeper*>(self);
    if (!guarded([&] { keeper.go_on(); })) {
        keeper.job_.reset(); // there was no memory
    }
}

} // namespace ws_pubsub
