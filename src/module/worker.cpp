#include "ngx/ngx.hpp"

#include "module/worker.hpp"

#include <algorithm>
#include <cstring>

#include <sys/eventfd.h>
#include <unistd.h>

#include "ngx/guard.hpp"

namespace ws_pubsub {

namespace {

constexpr ngx_msec_t kTickMs = 1000;

// How often messages wait for other events of the same turn.
constexpr int kMaxDeferrals = 256;

std::unique_ptr<Worker> g_worker;

bool is_one_of(const std::vector<int>& list, int wanted)
{
    return std::find(list.begin(), list.end(), wanted) != list.end();
}

void log_lws(int level, const char* line)
{
    const ngx_uint_t nginx_level =
        (level & LLL_ERR) != 0 ? NGX_LOG_ERR : NGX_LOG_WARN;
    size_t size = std::strlen(line);
    while (size > 0 && line[size - 1] == '\n') {
        size--;
    }
    ngx_log_error(nginx_level, ngx_cycle->log, 0, "ws_pubsub: lws: %*s", size,
                  line);
}

} // namespace

// --- ZoneWorker

ZoneWorker::ZoneWorker(Zone& zone, Encoder& encoder, const Clock& clock)
    : zone_(zone), memory_(zone.shm_zone()),
      store_(memory_, *this, zone.header(), clock), publisher_{store_,
                                                               zone.policies()},
      encoder_(encoder), clock_(clock)
{
    no_connection_.fd = -1;
    due_event_.data = &no_connection_;
    no_connection_.data = this;
    due_event_.handler = on_due;
    due_event_.log = ngx_cycle->log;
    due_event_.cancelable = 1;
    to_wake_.reserve(kMaxWorkers); // wake() must not fail
    inbox_event_.data = this;
    inbox_event_.handler = on_inbox;
    inbox_event_.log = ngx_cycle->log;
    run_event_.data = this;
    run_event_.handler = on_run;
    run_event_.log = ngx_cycle->log;
}

ZoneWorker::~ZoneWorker()
{
    wake_others();
    for (ngx_event_t* event : {&inbox_event_, &run_event_}) {
        if (event->posted) {
            ngx_delete_posted_event(event);
        }
    }
    broker_.reset();
    if (due_event_.timer_set) {
        ngx_del_timer(&due_event_);
    }
    stop_listening();
}

void ZoneWorker::attach(ngx_cycle_t* cycle)
{
    const size_t buried = store_.bury_dead(is_alive);
    if (buried > 0) {
        ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0,
                      "ws_pubsub: zone \"%s\": freed the slots of %uz dead "
                      "workers",
                      zone_.name().c_str(), buried);
    }
    const auto id = store_.attach(process_of(static_cast<int32_t>(ngx_pid)),
                                  zone_.wakeable_slots());
    if (!id) {
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "ws_pubsub: zone \"%s\": no slot for this worker, it "
                      "serves no sessions",
                      zone_.name().c_str());
        return;
    }
    broker_.emplace(publisher_, *id, encoder_, static_cast<Scheduler&>(*this),
                    clock_);
    listen(cycle);
}

void ZoneWorker::listen(ngx_cycle_t* cycle)
{
    // A descriptor of its own, so that nginx can close it.
    const int fd = dup(store_.wake_fd(broker_->worker()));
    if (fd == -1) {
        ngx_log_error(NGX_LOG_ERR, cycle->log, ngx_errno,
                      "ws_pubsub: dup() failed");
        return;
    }
    wake_connection_ = ngx_get_connection(fd, cycle->log);
    if (wake_connection_ == nullptr) {
        close(fd);
        return;
    }
    ngx_event_t* event = wake_connection_->read;
    wake_connection_->data = this;
    event->handler = on_wake;
    event->log = cycle->log;
    event->channel = 1; // the worker may end while it is open
    if (ngx_handle_read_event(event, 0) != NGX_OK) {
        stop_listening();
    }
}

void ZoneWorker::stop_listening()
{
    if (wake_connection_ != nullptr) {
        ngx_close_connection(wake_connection_);
        wake_connection_ = nullptr;
    }
}

void ZoneWorker::wake(size_t worker, int wake_fd)
{
    if (broker_ && broker_->worker() == worker) {
        return read_inbox_soon();
    }
    // One that came with more workers than there were slots for finds out at
    // its next tick.
    if (worker < zone_.wakeable_slots() && !is_one_of(to_wake_, wake_fd)) {
        to_wake_.push_back(wake_fd);
        read_inbox_soon();
    }
}

void ZoneWorker::wake_others()
{
    for (const int fd : to_wake_) {
        eventfd_write(fd, 1);
    }
    to_wake_.clear();
}

void ZoneWorker::read_inbox_soon()
{
    if (!inbox_event_.posted) {
        ngx_post_event(&inbox_event_, &ngx_posted_events);
    }
}

void ZoneWorker::run_soon()
{
    if (!run_event_.posted) {
        ngx_post_event(&run_event_, &ngx_posted_next_events);
    }
}

void ZoneWorker::run_at(int64_t ticks_ms)
{
    const auto delay = static_cast<ngx_msec_int_t>(
        static_cast<ngx_msec_t>(ticks_ms) - ngx_current_msec);
    if (due_event_.timer_set) {
        ngx_del_timer(&due_event_);
    }
    ngx_add_timer(&due_event_,
                  static_cast<ngx_msec_t>(std::max<ngx_msec_int_t>(delay, 0)));
}

void ZoneWorker::on_due(ngx_event_t* event)
{
    const auto* c = static_cast<ngx_connection_t*>(event->data);
    auto* self = static_cast<ZoneWorker*>(c->data);
    guarded([&] {
        if (self->broker_) {
            self->broker_->run_due();
        }
    });
}

void ZoneWorker::on_wake(ngx_event_t* event)
{
    const auto* c = static_cast<ngx_connection_t*>(event->data);
    eventfd_t count = 0;
    eventfd_read(c->fd, &count);
    static_cast<ZoneWorker*>(c->data)->read_inbox_soon();
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
    self->read_inbox();
}

void ZoneWorker::read_inbox()
{
    guarded([&] {
        if (broker_ && broker_->read_inbox() && !inbox_event_.posted) {
            ngx_post_event(&inbox_event_, &ngx_posted_next_events);
        }
    });
}

void ZoneWorker::on_run(ngx_event_t* event)
{
    auto* self = static_cast<ZoneWorker*>(event->data);
    guarded([&] {
        bool more = self->broker_ && self->broker_->run();
        if (self->expiring_) {
            self->expiring_ = self->store_.expire(self->clock_.now_ms());
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
    if (ngx_exiting && broker_ &&
        store_.counters(broker_->worker()).sessions.get() == 0) {
        stop_listening();
        broker_.reset();
    }
}

void ZoneWorker::tick()
{
    store_.bury_dead(is_alive);
    expiring_ = true;
    // A publisher that dies between its publish and its wake leaves an inbox
    // that nobody was told of. Not at once: timers come amid a turn.
    read_inbox_soon();
    on_run(&run_event_);
    detach_if_idle();
}

// --- Worker

Worker* Worker::current()
{
    return g_worker.get();
}

ngx_int_t Worker::start(ngx_cycle_t* cycle)
{
    if (ngx_process != NGX_PROCESS_WORKER &&
        ngx_process != NGX_PROCESS_SINGLE) {
        return NGX_OK;
    }
    auto* conf = static_cast<MainConf*>(
        ngx_http_cycle_get_module_main_conf(cycle, ngx_ws_pubsub_module));
    if (conf == nullptr || conf->zones.empty()) {
        return NGX_OK;
    }
    g_worker.reset(new Worker());
    return g_worker->init(cycle, *conf) ? NGX_OK : NGX_ERROR;
}

void Worker::stop()
{
    g_worker.reset();
}

bool Worker::init(ngx_cycle_t* cycle, MainConf& conf)
{
    engine_ =
        LwsEngine::make(cycle->connection_n + LwsPool::kMostUnlent, log_lws);
    if (engine_ == nullptr) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                      "ws_pubsub: libwebsockets does not start");
        return false;
    }
    lws_.emplace(*engine_);
    flushes_.emplace();
    parts_.emplace(SharedParts{*lws_, writer_, *flushes_, clock_});
    for (const auto& [name, zone] : conf.zones) {
        zones_.push_back(std::make_unique<ZoneWorker>(*zone, encoder_, clock_));
        zones_.back()->attach(cycle);
    }
    no_connection_.fd = -1;
    tick_event_.data = &no_connection_;
    tick_event_.handler = on_tick;
    tick_event_.log = cycle->log;
    tick_event_.cancelable = 1;
    ngx_add_timer(&tick_event_, kTickMs);
    return true;
}

Worker::~Worker()
{
    if (tick_event_.timer_set) {
        ngx_del_timer(&tick_event_);
    }
}

void Worker::on_tick(ngx_event_t* event)
{
    guarded([&] {
        g_worker->engine_->tick();
        for (const auto& zone : g_worker->zones_) {
            zone->tick();
        }
    });
    ngx_add_timer(event, kTickMs);
}

ZoneWorker* Worker::zone(const Zone& zone)
{
    for (const auto& candidate : zones_) {
        if (&candidate->zone() == &zone) {
            return candidate.get();
        }
    }
    return nullptr;
}

} // namespace ws_pubsub
