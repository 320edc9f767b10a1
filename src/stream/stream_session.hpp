// A session that is an HTTP request: what streams and polls have in common.
//
//   request ─▶ begin() ─▶ StreamProtocol ─┬─ ready ──▶ go_on(), turn by turn
//                                         └─ refused ─▶ an error's status
//
// The request stays nginx's: its answer goes through the output filters, and
// its events come by its own handlers. Everything that may end it happens in
// process(), which runs from a posted event.
//
// Ownership: the request's pool owns the object, so that it is there when the
// request is logged. Its client leaves when the request ends.
#pragma once

#include "ngx/ngx.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "client/client.hpp"
#include "ngx/next_turn.hpp"
#include "ngx/timer.hpp"
#include "proto/stream_protocol.hpp"
#include "stream/stream_settings.hpp"

namespace ws_pubsub {

// What is one stream's own.
struct StreamOptions : Admission {
    StreamWish wish;
    std::string_view protocol; // its name
    uint8_t dialect = 0;
    // Answers the request with an error; returns what a content handler does.
    std::function<ngx_int_t(ngx_http_request_t* r, const Error& error)> refuse;
};

class StreamSession : public Link, private StreamProtocol::Owner {
public:
    // The longest time between the first and the last that a worker ends.
    static constexpr ngx_msec_t kEndSpreadMs = 1500;

    // All but the options outlive it. REQUIRES: the registry has given the
    // lease.
    StreamSession(ngx_http_request_t* r, Registry& registry, SessionLease lease,
                  const StreamParts& parts, const StreamSettings& settings,
                  StreamOptions options);
    ~StreamSession() override;
    StreamSession(const StreamSession&) = delete;
    StreamSession& operator=(const StreamSession&) = delete;

    // From the request's content handler, which returns what this does. The
    // object is the request's from now on.
    ngx_int_t begin();
    // The session of a request at an endpoint of streams; nullptr: it has none.
    static StreamSession* of(ngx_http_request_t* r)
    {
        return static_cast<StreamSession*>(
            ngx_http_get_module_ctx(r, ngx_ws_pubsub_module));
    }
    // The worker is to end: it ends, too, after a time of its own.
    void end_soon();

    void flush_soon() override { turn_.ask_in_this(); }
    void flush_now() override {}
    void close(EndCause cause, std::string_view reason) override;
    void close_with(uint16_t code, std::string_view reason) override;
    [[nodiscard]] LinkInfo info() const override;
    void log_denial(const Denial& denial) override;
    void go_on_soon() override { turn_.ask(); }
    void due_changed() override;

    [[nodiscard]] std::string_view protocol_name() const { return name_; }
    // Its subscriptions; at its end, those that it had.
    [[nodiscard]] size_t subscriptions() const
    {
        return subscriptions_seen_ > 0 ? subscriptions_seen_
                                       : client_.session().subscriptions();
    }
    [[nodiscard]] uint64_t id() { return client_.id(); }
    // 0 while it is open.
    [[nodiscard]] uint16_t close_code() const { return close_code_; }
    [[nodiscard]] const SessionCounters& counters()
    {
        return client_.session().counters();
    }

protected:
    // --- for what it is
    // It is ready, and this is the first turn since.
    virtual void start() = 0;
    // A turn of one that has started, open or closing. May finish it.
    virtual void go_on() = 0;
    // So long after the last start_timer(). REQUIRES: it is open.
    virtual void on_time() = 0;
    // The request has ended: nothing is done for it any more.
    virtual void on_leave() {}

    [[nodiscard]] ngx_http_request_t* request() const { return r_; }
    [[nodiscard]] Client& client() { return client_; }
    [[nodiscard]] const StreamParts& parts() const { return parts_; }
    [[nodiscard]] const StreamSettings& settings() const { return settings_; }
    [[nodiscard]] const StreamProtocol& protocol() const { return protocol_; }
    [[nodiscard]] bool is_open() const { return close_code_ == 0; }
    void start_timer(ngx_msec_t ms);
    // The request ends, with what a content handler may return, as soon as this
    // event is over.
    void finish(ngx_int_t rc);
    // Ends some of the subscriptions of one that is closing. False: there are
    // more.
    bool end_subscriptions();
    // As nginx would at the request's end, if that is to be at its begin.
    void log_if_at_connect();

private:
    void on_ready() override;
    void on_refused(const Error& why) override;

    static void on_turn(void* self);
    static void on_timer(void* self);
    static void on_write(ngx_http_request_t* r);
    static void on_request_end(void* self);
    static void on_pool_end(void* self);
    void process();
    void finalize_if_finished();
    void run_timer();
    void arm_timer();
    void leave();
    void log_end(uint16_t code, std::string_view reason);

    struct Refusal {
        Errc code;
        std::string message;
        Cause cause;
    };

    ngx_http_request_t* r_;
    const StreamParts& parts_;
    const StreamSettings& settings_;
    const std::string_view name_;
    const decltype(StreamOptions::refuse) refuse_;
    Client client_;
    StreamProtocol protocol_;
    NextTurn turn_;
    Timer timer_;
    ngx_msec_t time_ms_ = 0; // when on_time() is due; 0: never
    std::optional<Refusal> refusal_;
    std::optional<ngx_int_t> result_; // what it is to be finalized with
    size_t subscriptions_seen_ = 0;
    uint16_t close_code_ = 0;
    bool is_ready_ = false;
    bool has_started_ = false;
    bool is_finished_ = false;
    bool is_leaving_ = false; // the worker is
};

} // namespace ws_pubsub
