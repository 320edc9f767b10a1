#include "ngx/ngx.hpp"

#include "module/worker.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>

#include <malloc.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "module/wake_fds.hpp"
#include "ngx/guard.hpp"

namespace ws_pubsub {

namespace {

constexpr ngx_msec_t kTickMs = 1000;

// How often messages wait for other events of the same turn.
constexpr int kMaxDeferrals = 256;

// What stays free at the end of the heap when memory is given back.
constexpr size_t kKeptFreeBytes = 128UL * 1024;

std::unique_ptr<Worker> g_worker;

// What this process has used so far.
int64_t cpu_ms()
{
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<int64_t>(used.tv_sec) * 1000 + used.tv_nsec / 1'000'000;
}

bool is_one_of(const std::vector<int>& list, int wanted)
{
    return std::find(list.begin(), list.end(), wanted) != list.end();
}

void log_lws(int level, const char* line)
{
    ngx_uint_t nginx_level =
        (level & LLL_ERR) != 0 ? NGX_LOG_ERR : NGX_LOG_WARN;
    // The session's end tells it, with the client's address.
    const LwsEngine* engine = LwsEngine::current();
    if (engine != nullptr && engine->is_fed()) {
        nginx_level = NGX_LOG_DEBUG;
    }
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
      store_(memory_, *this, zone.header(), clock),
      publisher_(store_.topics, zone.policies()), encoder_(encoder),
      clock_(clock), control_(zone.name()), request_turns_(ngx_cycle->log)
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
    drop_broker();
    wake_others(); // of what went with it
    for (ngx_event_t* event : {&inbox_event_, &run_event_}) {
        if (event->posted) {
            ngx_delete_posted_event(event);
        }
    }
    if (due_event_.timer_set) {
        ngx_del_timer(&due_event_);
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
    broker_.emplace(store_, zone_.policies(), *id, encoder_,
                    static_cast<Scheduler&>(*this), clock_);
    registry_.emplace(*broker_, clock_);
    control_.attach(*registry_);
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

void ZoneWorker::on_wake()
{
    if (broker_ && (store_.inboxes.may_have_unread(broker_->worker()) ||
                    control_.may_have_some())) {
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

void ZoneWorker::on_run(ngx_event_t* event)
{
    auto* self = static_cast<ZoneWorker*>(event->data);
    guarded([&] {
        bool more = self->broker_ && self->broker_->run();
        if (self->expiring_) {
            self->expiring_ = self->store_.expire(self->clock_.ticks_ms());
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
    on_run(&run_event_);
    detach_if_idle();
}

// --- Worker

Worker* Worker::current()
{
    return g_worker.get();
}

void Worker::start(ngx_cycle_t* cycle, MainConf& conf)
{
    g_worker.reset(new Worker());
    g_worker->init(cycle, conf);
}

void Worker::stop()
{
    g_worker.reset();
}

bool Worker::start_lws(ngx_cycle_t* cycle)
{
    engine_ =
        LwsEngine::make(cycle->connection_n + LwsPool::kMostUnlent, log_lws);
    if (engine_ == nullptr) {
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "ws_pubsub: libwebsockets does not start");
        return false;
    }
    lws_.emplace(*engine_);
    flushes_.emplace();
    parts_.emplace(SharedParts{*lws_, writer_, *flushes_, clock_});
    return true;
}

void Worker::init(ngx_cycle_t* cycle, MainConf& conf)
{
    const bool serves = start_lws(cycle);
    const int wake = serves ? listen(cycle->log) : kNoWakeFd;
    for (const auto& [name, zone] : conf.zones) {
        zones_.push_back(
            std::make_unique<ZoneWorker>(*zone, dialects_.encoder, clock_));
        if (serves) {
            zones_.back()->attach(cycle->log, wake);
        }
    }
    no_connection_.fd = -1;
    tick_event_.data = &no_connection_;
    tick_event_.handler = on_tick;
    tick_event_.log = cycle->log;
    tick_event_.cancelable = 1;
    ngx_add_timer(&tick_event_, kTickMs);
}

Worker::~Worker()
{
    if (tick_event_.timer_set) {
        ngx_del_timer(&tick_event_);
    }
    if (wake_connection_ != nullptr) {
        ngx_close_connection(wake_connection_);
    }
}

// The number by which others wake this worker.
int Worker::listen(ngx_log_t* log)
{
    const int fd = WakeFds::of_process().take_own();
    if (fd == kNoWakeFd) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "ws_pubsub: no eventfd for this worker: raise the limit "
                      "of open files");
        return kNoWakeFd;
    }
    wake_connection_ = ngx_get_connection(fd, log);
    if (wake_connection_ == nullptr) {
        close(fd);
        return kNoWakeFd;
    }
    ngx_event_t* event = wake_connection_->read;
    wake_connection_->data = this;
    event->handler = on_wake;
    event->log = log;
    event->channel = 1; // the worker may end while it is open
    if (ngx_handle_read_event(event, 0) != NGX_OK) {
        ngx_close_connection(wake_connection_);
        wake_connection_ = nullptr;
        return kNoWakeFd;
    }
    return static_cast<int>(ngx_process_slot);
}

void Worker::on_wake(ngx_event_t* event)
{
    const auto* c = static_cast<ngx_connection_t*>(event->data);
    eventfd_t count = 0;
    eventfd_read(c->fd, &count);
    for (const auto& zone : static_cast<Worker*>(c->data)->zones_) {
        zone->on_wake();
    }
}

void Worker::on_tick(ngx_event_t* event)
{
    guarded([&] {
        if (g_worker->engine_ != nullptr) {
            g_worker->engine_->tick();
        }
        for (const auto& zone : g_worker->zones_) {
            zone->tick();
        }
        g_worker->give_back_memory();
    });
    ngx_add_timer(event, kTickMs);
}

// What sessions, queues and requests of a peak have left. malloc_trim() walks
// the whole heap and can't be cut, so it runs when hardly anybody waits for it.
void Worker::give_back_memory()
{
    const int64_t began_ms = cpu_ms();
    if (!quiet_.has_come(clock_.ticks_ms(), began_ms)) {
        return;
    }
    writer_.shrink();
    dialects_.encoder.shrink();
    if (parts_) {
        lws_->shrink();
        flushes_->shrink();
    }
    for (const auto& zone : zones_) {
        if (zone->broker() != nullptr) {
            zone->broker()->shrink();
        }
    }
#if defined(__GLIBC__)
    malloc_trim(kKeptFreeBytes);
#endif
    quiet_.done(clock_.ticks_ms(), cpu_ms() - began_ms);
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
