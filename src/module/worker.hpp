// What one nginx worker holds: libwebsockets, the encoders, and a broker for
// each zone. Made when the worker starts, destroyed when it ends.
#pragma once

#include "ngx/ngx.hpp"

#include <memory>
#include <optional>
#include <vector>

#include "base/quiet_time.hpp"
#include "client/check_turns.hpp"
#include "module/config.hpp"
#include "module/ngx_clock.hpp"
#include "module/zone_worker.hpp"
#include "ngx/next_turn.hpp"
#include "ngx/timer.hpp"
#include "proto/dialects.hpp"
#include "wire/frame_writer.hpp"
#include "ws/flush_list.hpp"
#include "ws/lws_pool.hpp"
#include "ws/session_settings.hpp"

namespace ws_pubsub {

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
    // Of the tokens that its sessions bring.
    [[nodiscard]] CheckTurns& check_turns() { return check_turns_; }
    // REQUIRES: a zone has a broker.
    [[nodiscard]] const SharedParts& parts() const { return *parts_; }

private:
    Worker() = default;
    bool start_lws(ngx_cycle_t* cycle);
    void init(ngx_cycle_t* cycle, MainConf& conf);
    int listen(ngx_log_t* log);
    static void on_wake(ngx_event_t* event);
    static void on_tick(void* self);
    static void on_checks(void* self);
    void give_back_memory();

    NgxClock clock_;
    QuietTime quiet_{clock_.ticks_ms()};
    FrameWriter writer_;
    Dialects dialects_{writer_};
    std::unique_ptr<LwsEngine> engine_; // nullptr: no sessions
    std::optional<LwsPool> lws_;
    std::optional<FlushList> flushes_;
    std::optional<SharedParts> parts_;
    NextTurn checks_soon_{on_checks, this, ngx_cycle->log};
    CheckTurns check_turns_{[this] {
        checks_soon_.ask();
    }};
    std::vector<std::unique_ptr<ZoneWorker>> zones_;
    ngx_connection_t* wake_connection_ = nullptr;
    Timer tick_{on_tick, this, ngx_cycle->log};
};

} // namespace ws_pubsub
