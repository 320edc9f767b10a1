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
    if (g_worker) {
        bool has_said_so = false;
        for (const auto& zone : g_worker->zones_) {
            has_said_so |= zone->leave();
        }
        if (has_said_so) { // it waits for the end of a turn, which never comes
            ngx_event_process_posted(const_cast<ngx_cycle_t*>(ngx_cycle),
                                     &ngx_posted_events);
        }
    }
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
    tick_.let_worker_end();
    tick_.start(kTickMs);
}

Worker::~Worker()
{
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

void Worker::on_tick(void* self)
{
    auto& worker = *static_cast<Worker*>(self);
    guarded([&] {
        if (worker.engine_ != nullptr) {
            worker.engine_->tick();
        }
        for (const auto& zone : worker.zones_) {
            zone->tick();
        }
        worker.give_back_memory();
    });
    worker.tick_.start(kTickMs);
}

void Worker::on_checks(void* self)
{
    guarded([&] { static_cast<Worker*>(self)->check_turns_.run(); });
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
