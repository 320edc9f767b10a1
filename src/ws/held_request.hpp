// The nginx request of a session, for as long as it is held.
//
//   hold() ─▶ send_head(), share() ─┬─▶ let_go()  ws_pubsub_log_at connect
//                                   ├─▶ log()     the same, but it is needed
//                                   └─▶ end()     it is logged at the end
//
// Background subrequests of it (mirror, proxy_cache_background_update) go on,
// and take the connection for theirs: until they are done, its events are
// taken back and its timer is kept (see BackgroundWatch).
#pragma once

#include "ngx/ngx.hpp"

#include <memory>
#include <string_view>

#include "ws/background_watch.hpp"

namespace ws_pubsub {

class SocketEvents;

class HeldRequest {
public:
    // `r` is a main request.
    explicit HeldRequest(ngx_http_request_t* r) : r_(r) {}
    HeldRequest(const HeldRequest&) = delete;
    HeldRequest& operator=(const HeldRequest&) = delete;
    ~HeldRequest() = default;

    // From its content handler, which returns NGX_DONE: from here on `events`,
    // which outlive this, are those of its connection. Returns what came behind
    // its head, to be used at once.
    std::string_view hold(SocketEvents& events);
    [[nodiscard]] bool is_held() const { return r_ != nullptr; }

    // The response head may still wait for the socket. NGX_OK: it is out;
    // NGX_AGAIN: it waits, and the write event will tell; NGX_ERROR: the
    // connection is broken. REQUIRES: is_held().
    ngx_int_t send_head();

    // Whether no background subrequests need the request and its connection.
    [[nodiscard]] bool is_alone() const { return background_ == nullptr; }
    // To be called in each turn until it is alone. `has_timer`: the connection
    // is to have a timer for reading, whatever becomes of it meanwhile.
    // REQUIRES: not is_alone().
    void share(bool has_timer);

    // The request is logged now, and not at its end. REQUIRES: is_held(), not
    // is_logged(), the head is out.
    void log();
    [[nodiscard]] bool is_logged() const { return r_->logged != 0; }
    // The request is logged and its memory given back: from here on there is
    // only the connection. REQUIRES: is_held(), is_alone(), the head is out.
    void let_go();

    // The session has ended. nginx closes the connection, and with it whatever
    // its pool owns, when nothing needs the request any more: most often before
    // this returns. `may_shut`: where that is later, the connection is shut for
    // writing, so that the peer need not wait. REQUIRES: is_held().
    void end(bool may_shut);

private:
    static void on_request_read(ngx_http_request_t* r);
    static void on_request_write(ngx_http_request_t* r);
    static void on_late_event(ngx_event_t* event);
    void keep_timer(bool has_timer);

    ngx_http_request_t* r_; // null once it was let go
    std::unique_ptr<BackgroundWatch> background_;
};

} // namespace ws_pubsub
