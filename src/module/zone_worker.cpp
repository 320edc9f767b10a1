#include "ngx/ngx.hpp"

#include "module/zone_worker.hpp"

#include <algorithm>

#include "module/wake_fds.hpp"
#include "ngx/guard.hpp"

namespace ws_pubsub {

namespace {

// How often messages wait for other events of the same turn.
constexpr int kMaxDeferrals = 256;

bool is_one_of(const std::vector<int>& list, int wanted)
{
    return std::find(list.begin(), list.end(), wanted) != list.end();
}

} // namespace

ZoneWorker::ZoneWorker(Zone& zone, Encoder& encoder, const Clock& clock)
    : zone_(zone), memory_(zone.shm_zone()), host_clock_(clock),
      log_clock_(clock, zone.header()),
      store_(memory_, *this, zone.header(),
             zone.cluster() == nullptr ? clock : log_clock_),
      publisher_(store_.topics, zone.policies(),
                 zone.cluster() == nullptr ? nullptr : &no_committer_),
      encoder_(encoder), control_(zone.name()), request_turns_(ngx_cycle->log),
      run_turn_(on_run, this, ngx_cycle->log),
      due_(on_due, this, ngx_cycle->log)
{
    store_.events.follow(zone.event_rules());
    due_.let_worker_end();
    to_wake_.reserve(kMaxWorkers); // wake() must not fail
    inbox_event_.data = this;
    inbox_event_.handler = on_inbox;
    inbox_event_.log = ngx_cycle->log;
}

ZoneWorker::~ZoneWorker()
{
    drop_broker();
    wake_others(); // of what went with it
    if (inbox_event_.posted) {
        ngx_delete_posted_event(&inbox_event_);
    }
}

void ZoneWorker::attach(ngx_log_t* log, int wake)
{
    const size_t reaped = store_.workers.reap_dead(is_alive);
    if (reaped > 0) {
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "ws_pubsub: zone \"%s\": frees the slots of %uz dead "
                      "workers",
                      zone_.name().c_str(), reaped);
    }
    const ProcessId process = process_of(static_cast<int32_t>(ngx_pid));
    auto id = store_.workers.attach(process, wake);
    for (bool more = true; !id && more;) { // a dead worker may be in its place
        more = store_.workers.reap_some();
        id = store_.workers.attach(process, wake);
    }
    if (!id) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "ws_pubsub: zone \"%s\": no slot for this worker, it "
                      "serves no sessions",
                      zone_.name().c_str());
        return;
    }
    begin_following(*id);
    broker_.emplace(store_, zone_.policies(), *id, encoder_,
                    static_cast<Scheduler&>(*this), host_clock_,
                    cluster_ ? &cluster_->committer() : nullptr);
    registry_.emplace(*broker_, host_clock_);
    control_.attach(*registry_);
    begin_posting();
    begin_keeping();
}

void ZoneWorker::begin_following(WorkerId worker)
{
    if (const ClusterSettings* settings = zone_.cluster()) {
        cluster_.emplace(store_, worker, *settings, zone_.name(), host_clock_);
        publisher_ =
            Publisher(store_.topics, zone_.policies(), &cluster_->committer());
        cluster_->tick();
    }
}

void ZoneWorker::end_following()
{
    if (cluster_) {
        publisher_ = Publisher(store_.topics, zone_.policies(), &no_committer_);
        cluster_.reset();
    }
}

void ZoneWorker::wake(size_t worker, int number)
{
    if (broker_ && broker_->worker() == worker) {
        return read_inbox_soon();
    }
    // One that can't be woken from here finds out at its next tick.
    if (WakeFds::of_process().has(number) && !is_one_of(to_wake_, number)) {
        to_wake_.push_back(number);
        read_inbox_soon();
    }
}

void ZoneWorker::wake_others()
{
    for (const int number : to_wake_) {
        WakeFds::of_process().wake(number);
    }
    to_wake_.clear();
}

void ZoneWorker::run_at(int64_t ticks_ms)
{
    const int64_t delay_ms = ticks_ms - host_clock_.ticks_ms();
    due_.start(static_cast<ngx_msec_t>(std::max<int64_t>(delay_ms, 0)));
}

void ZoneWorker::on_due(void* self)
{
    auto& zone = *static_cast<ZoneWorker*>(self);
    guarded([&] {
        if (zone.broker_) {
            zone.broker_->run_due();
        }
    });
}

void ZoneWorker::on_wake()
{
    if (broker_ &&
        (store_.inboxes.may_have_unread(broker_->worker()) ||
         control_.may_have_some() || may_have_news() || may_have_changes())) {
        read_inbox_soon();
    }
}

// Messages that one turn of the event loop brings are delivered together, here
// and by other workers: as long as other events of this turn are waiting, such
// as further requests of a connection that pipelines them, they go first.
void ZoneWorker::on_inbox(ngx_event_t* event)
{
    auto* self = static_cast<ZoneWorker*>(event->data);
    if (!ngx_queue_empty(&ngx_posted_events) &&
        self->deferrals_ < kMaxDeferrals) {
        self->deferrals_++;
        ngx_post_event(event, &ngx_posted_events);
        return;
    }
    self->deferrals_ = 0;
    self->wake_others();
    self->control_.run();
    self->wake_others(); // who has asked
    if (self->may_have_news()) {
        self->poster_->look_at_news();
    }
    if (self->may_have_changes()) {
        guarded([&] { self->cluster_->run(); });
    }
    self->read_inbox();
}

void ZoneWorker::read_inbox()
{
    guarded([&] {
        if (broker_ && broker_->read_inbox()) {
            read_inbox_next();
        }
    });
}

void ZoneWorker::on_run(void* owner)
{
    auto* self = static_cast<ZoneWorker*>(owner);
    guarded([&] {
        bool more = self->broker_ && self->broker_->run();
        if (self->expiring_) {
            self->expiring_ =
                self->store_.expire(self->store_.clock().ticks_ms());
            more |= self->expiring_;
        }
        if (more) {
            self->run_soon();
        }
    });
}

// A worker on its way out that still serves other requests gives its slot
// back.
void ZoneWorker::detach_if_idle()
{
    if (ngx_exiting && broker_ && !(poster_ && poster_->is_busy()) &&
        (!cluster_ || cluster_->is_idle()) &&
        store_.workers.counters(broker_->worker()).sessions.get() == 0) {
        drop_broker();
    }
}

void ZoneWorker::tick()
{
    store_.workers.reap_dead(is_alive);
    expiring_ = true;
    // A publisher that dies between its publish and its wake leaves an inbox
    // that nobody was told of. Not at once: timers come amid a turn.
    read_inbox_soon();
    on_run(this);
    if (poster_) {
        guarded([&] { poster_->tick(); });
    }
    if (keeper_) {
        guarded([&] { keeper_->tick(); });
    }
    if (cluster_) {
        guarded([&] { cluster_->tick(); });
    }
    detach_if_idle();
}

} // namespace ws_pubsub
