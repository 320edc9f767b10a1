// One zone in one worker: wakes others, is woken, and lets the broker work.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <vector>

#include "client/registry.hpp"
#include "http/request_work.hpp"
#include "log/log_clock.hpp"
#include "module/event_poster.hpp"
#include "module/hook_book.hpp"
#include "module/snapshot_keeper.hpp"
#include "module/zone.hpp"
#include "module/zone_cluster.hpp"
#include "module/zone_control.hpp"
#include "module/zone_memory.hpp"
#include "ngx/next_turn.hpp"
#include "ngx/timer.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

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
    // As of ZoneCluster.
    bool leave() { return cluster_ && cluster_->leave(); }

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
    void run_soon() override { run_turn_.ask(); }
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
        poster_.reset();
        keeper_.reset();
        end_following();
        control_.detach();
        registry_.reset();
        broker_.reset();
    }
    void detach_if_idle();
    // Events, where they are posted. REQUIRES: a broker.
    void begin_posting()
    {
        if (const EventRequest* request = zone_.event_request()) {
            poster_.emplace(store_, broker_->worker(), *request, zone_.name());
            poster_->tick();
        }
    }
    void begin_keeping()
    {
        const SnapshotFile* file = zone_.snapshot();
        // One that others have, too, is in the log.
        if (file != nullptr && file->interval_ms() != 0 &&
            zone_.cluster() == nullptr) {
            keeper_.emplace(store_, broker_->worker(), *file, zone_.name());
            keeper_->tick();
        }
    }
    void begin_following(WorkerId worker);
    void end_following();
    [[nodiscard]] bool may_have_news() const
    {
        return poster_ && poster_->may_have_news();
    }
    [[nodiscard]] bool may_have_changes() const
    {
        return cluster_ && cluster_->may_have_some();
    }

    static void on_inbox(ngx_event_t* event);
    static void on_run(void* owner);
    static void on_due(void* self);

    HookBook hook_book_;
    Zone& zone_;
    ZoneMemory memory_;
    const Clock& host_clock_;
    LogClock log_clock_;
    Store store_;
    NoCommitter no_committer_;
    Publisher publisher_;
    Encoder& encoder_;
    std::optional<Broker> broker_;
    std::optional<Registry> registry_; // with a broker
    ZoneControl control_;
    std::optional<EventPoster> poster_;    // with a broker
    std::optional<SnapshotKeeper> keeper_; // the same
    std::optional<ZoneCluster> cluster_;   // the same
    RequestTurns request_turns_;
    std::vector<int> to_wake_; // numbers of workers that have new messages
    ngx_event_t inbox_event_{};
    int deferrals_ = 0; // of the inbox event that is posted
    NextTurn run_turn_;
    Timer due_;
    bool expiring_ = false; // the last tick left something to do
};

} // namespace ws_pubsub
