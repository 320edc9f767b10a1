// What one nginx worker holds: libwebsockets, the encoders, and a broker for
// each zone. Made when the worker starts, destroyed when it ends.
#pragma once

#include "ngx/ngx.hpp"

#include <memory>
#include <optional>
#include <vector>

#include "base/quiet_time.hpp"
#include "client/registry.hpp"
#include "http/request_work.hpp"
#include "module/config.hpp"
#include "module/hook_book.hpp"
#include "module/ngx_clock.hpp"
#include "module/zone_control.hpp"
#include "module/zone_memory.hpp"
#include "proto/dialects.hpp"
#include "readers/store.hpp"
#include "ws/flush_list.hpp"
#include "ws/lws_pool.hpp"
#include "ws/session_settings.hpp"

namespace ws_pubsub {

// One zone in one worker: wakes others, is woken, and lets the broker work.
class ZoneWorker final : private Waker, private Scheduler {
public:
    ZoneWorker(Zone& zone, Encoder& encoder, const Clock& clock);
    ~ZoneWorker() override;
    ZoneWorker(const ZoneWorker&) = delete;
    ZoneWorker& operator=(const ZoneWorker&) = delete;

    // Takes a slot of the zone, whose messages are told of by `wake`. Without
    // one (all are taken; the log says so) the worker publishes, but serves no
    // sessions.
    void attach(ngx_log_t* log, int wake);
    // The worker was woken, maybe by this zone.
    void on_wake();
    // About once a second.
    void tick();

    [[nodiscard]] const Zone& zone() const { return zone_; }
    Store& store() { return store_; }
    [[nodiscard]] const Publisher& publisher() const { return publisher_; }
    RequestTurns& request_turns() { return request_turns_; }
    ZoneControl& control() { return control_; }
    // nullptr without a slot.
    Broker* broker() { return broker_ ? &*broker_ : nullptr; }
    // REQUIRES: a broker.
    HookBook& hook_book()
    {
        hook_book_.count_in(&store_.workers.counters(broker_->worker()));
        return hook_book_;
    }
    Registry* registry() { return broker_ ? &*registry_ : nullptr; }

private:
    void wake(size_t worker, int number) override;
    void run_soon() override
    {
        if (!run_event_.posted) {
            ngx_post_event(&run_event_, &ngx_posted_next_events);
        }
    }
    void read_inbox_soon() override
    {
        if (!inbox_event_.posted) {
            ngx_post_event(&inbox_event_, &ngx_posted_events);
        }
    }
    void read_inbox_next() override
    {
        if (!inbox_event_.posted) {
            ngx_post_event(&inbox_event_, &ngx_posted_next_events);
        }
    }
    void run_at(int64_t ticks_ms) override;
    void read_inbox();
    void wake_others();
    void drop_broker()
    {
        hook_book_.count_in(nullptr);
        control_.detach();
        registry_.reset();
        broker_.reset();
    }
    void detach_if_idle();

    static void on_inbox(ngx_event_t* event);
    static void on_run(ngx_event_t* event);
    static void on_due(ngx_event_t* event);

    HookBook hook_book_;
    Zone& zone_;
    ZoneMemory memory_;
    Store store_;
    Publisher publisher_;
    Encoder& encoder_;
    const Clock& clock_;
    std::optional<Broker> broker_;
    std::optional<Registry> registry_; // with a broker
    ZoneControl control_;
    RequestTurns request_turns_;
    std::vector<int> to_wake_; // numbers of workers that have new messages
    ngx_event_t inbox_event_{};
    int deferrals_ = 0; // of the inbox event that is posted
    ngx_event_t run_event_{};
    ngx_event_t due_event_{};
    ngx_connection_t no_connection_{}; // for the log of a timer's event
    bool expiring_ = false;            // the last tick left something to do
};

class Worker {
public:
    // The one of this process; nullptr in the master.
    static Worker* current();
    // init_process and exit_process. Whatever fails, the worker goes on
    // without what it is for.
    static void start(ngx_cycle_t* cycle, MainConf& conf);
    static void stop();

    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker();

    ZoneWorker* zone(const Zone& zone);
    [[nodiscard]] const Clock& clock() const { return clock_; }
    // REQUIRES: a zone has a broker.
    [[nodiscard]] const SharedParts& parts() const { return *parts_; }

private:
    Worker() = default;
    bool start_lws(ngx_cycle_t* cycle);
    void init(ngx_cycle_t* cycle, MainConf& conf);
    int listen(ngx_log_t* log);
    static void on_wake(ngx_event_t* event);
    static void on_tick(ngx_event_t* event);
    void give_back_memory();

    NgxClock clock_;
    QuietTime quiet_{clock_.ticks_ms()};
    FrameWriter writer_;
    Dialects dialects_{writer_};
    std::unique_ptr<LwsEngine> engine_; // nullptr: no sessions
    std::optional<LwsPool> lws_;
    std::optional<FlushList> flushes_;
    std::optional<SharedParts> parts_;
    std::vector<std::unique_ptr<ZoneWorker>> zones_;
    ngx_connection_t* wake_connection_ = nullptr;
    ngx_event_t tick_event_{};
    ngx_connection_t no_connection_{}; // for the logs of events
};

} // namespace ws_pubsub
