// Posts a zone's events to a location, where its worker is the one to do that:
// one batch at a time, and the same again until it is taken.
//
//   tick() ─▶ leads? ─▶ news ─ delay ─▶ post() ─▶ taken ─▶ the next
//                                         ▲          │
//                                         └─ 1…30 s ─┘ not
//
// A worker that is to end waits for an answer that is on its way, and then lets
// another one lead.
#pragma once

#include "ngx/ngx.hpp"

#include <string>

#include "module/event_request.hpp"
#include "module/own_request.hpp"
#include "ngx/timer.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

class EventPoster {
public:
    // All of them outlive it. REQUIRES: the worker is attached as long.
    EventPoster(Store& store, WorkerId worker, const EventRequest& request,
                const std::string& zone);
    EventPoster(const EventPoster&) = delete;
    EventPoster& operator=(const EventPoster&) = delete;
    // What is pending is cancelled.
    ~EventPoster();

    // About once a second.
    void tick();
    // Whether the worker was woken for it.
    [[nodiscard]] bool may_have_news() const
    {
        return leads_ && store_.courier.may_have_news(worker_);
    }
    // It was.
    void look_at_news();
    // The worker has to stay for it.
    [[nodiscard]] bool is_busy() const { return request_ != nullptr; }

private:
    void give_up();
    void go_on();
    bool load();
    void post();
    void take(const HookAnswer& answer);
    void post_less();
    void fail(const std::string& why);
    void wait(int64_t pause_ms);
    static void on_timer(void* self);

    Store& store_;
    const WorkerId worker_;
    const EventRequest& rules_;
    const std::string& zone_;
    bool leads_ = false;
    OwnRequest::Handle request_; // empty: none is pending
    size_t turn_ = 0;            // the topic that comes next
    EventTopic topic_{};         // of the batch
    Parcel parcel_;
    std::string text_; // of the batch; empty: there is none
    size_t most_;      // events of a batch that were not too many
    int64_t retry_ms_ = 0;
    Timer timer_;
};

} // namespace ws_pubsub
