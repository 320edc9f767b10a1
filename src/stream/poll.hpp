// A long-poll: one answer, at once if there is something behind the cursor that
// was given, else when there is, or when its time is over.
//
// While it waits it is subscribed; what comes by that only wakes it: what it is
// answered is read from the zone (proto/poll_page.hpp).
#pragma once

#include "ngx/ngx.hpp"

#include <memory>
#include <string>

#include "broker/shared_turns.hpp"
#include "proto/poll_page.hpp"
#include "stream/stream_session.hpp"

namespace ws_pubsub {

class Poll final : public StreamSession {
public:
    // As StreamSession's; `options` need no protocol or dialect. `wait_ms`: so
    // long it may wait for something.
    Poll(ngx_http_request_t* r, Registry& registry, SessionLease lease,
         const StreamParts& parts, const StreamSettings& settings,
         StreamOptions options, ngx_msec_t wait_ms);

private:
    class Step;

    static StreamOptions with_dialect(StreamOptions options);

    void start() override;
    void go_on() override;
    void on_time() override;
    void on_leave() override { give_up(); }

    void look();
    void give_up();
    void answer(const std::string& text);
    [[nodiscard]] ReadFrom from() const;

    const ngx_msec_t wait_ms_;
    std::unique_ptr<Step> step_; // that looks; null: it waits
    std::optional<Cursor> seen_; // it has looked up to there
    bool is_over_ = false;       // its time
};

} // namespace ws_pubsub
