// A request of our own to a location, and what it answers.
//
//   make() ─▶ start() ─▶ nginx's phases, filters ─▶ on_bytes(), on_whole()
//                                │                               └─▶ Done
//                                └─▶ its end ─▶ on_closed() ─▶ Done, if not yet
//
// To nginx it is a main request like any client's: access phase, error_page,
// limits and subrequests do what they always do. It ends itself: that it was
// let go of does not mean that nothing of it is there any more, as a thread may
// still read a file for it. So it has copies of all that it was made of.
#pragma once

#include "ngx/ngx.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "client/hook_answer.hpp"
#include "module/hook_book.hpp"
#include "module/own_connection.hpp"
#include "module/own_server.hpp"
#include "ngx/timer.hpp"

namespace ws_pubsub {

class OwnRequest final : private OwnPeer {
public:
    using Done = std::function<void(HookAnswer answer)>;
    struct Release {
        void operator()(OwnRequest* hook) const { hook->release(); }
    };
    using Handle = std::unique_ptr<OwnRequest, Release>;

    // What its variables say of it; empty: it is from nobody.
    struct Subject {
        std::string op;
        std::string topic;
    };
    struct Call {
        std::string_view path; // not encoded
        std::string_view arguments;
        std::string_view content_type; // empty: there is no body, as of a GET
        std::string_view body;
        ngx_msec_t timeout;
    };

    // With the headers, addresses, URI and arguments of `like`. The answer may
    // have `room` bytes. Empty: no connection is free, or there is no memory.
    static Handle make(ngx_http_request_t& like, size_t room,
                       HookBook::Place place, Subject subject);
    // A GET from nobody.
    static Handle make(const OwnServer& server, size_t room);
    // A POST from nobody.
    static Handle make_post(const OwnServer& server, size_t room);
    // The one that a request belongs to, be it a subrequest; nullptr: none.
    static const OwnRequest* of(const ngx_http_request_t* r);

    OwnRequest(const OwnRequest&) = delete;
    OwnRequest& operator=(const OwnRequest&) = delete;

    [[nodiscard]] const Subject& subject() const { return subject_; }
    // It asks for no session, but for the module itself.
    [[nodiscard]] bool is_from_nobody() const { return subject_.op.empty(); }

    // Before start(), to work out what may depend on the request.
    [[nodiscard]] ngx_http_request_t& request() { return *r_; }
    // What its variables were is worked out anew when they are asked for.
    void forget_variables();

    // `done` is called once, from the event loop, and not after the handle has
    // gone, which it may be in that call. False: no memory, nothing was asked.
    bool start(const Call& call, Done done);

private:
    OwnRequest(size_t room, HookBook::Place place, Subject subject);
    ~OwnRequest() override;
    static Handle make_for(const OwnServer& server, size_t room,
                           ngx_uint_t method);
    bool open(ngx_connection_t* c);
    bool set_call(const Call& call);
    void lend_tls(ngx_http_request_t& like);
    void end_now();
    void tell_soon();
    void release();
    void finish();

    bool on_bytes(std::string_view bytes) override;
    void on_whole(const ngx_http_request_t& r) override;
    void on_closed() override;
    static void on_request_end(void* data);
    static void on_timer(void* self);
    static void on_posted(ngx_event_t* event);

    const size_t room_;
    const HookBook::Place place_;
    const Subject subject_;
    HookAnswer answer_;
    Done done_;
    ngx_http_request_t* r_ = nullptr;        // null: it has ended
    ngx_connection_t* connection_ = nullptr; // null: it is closed
    bool started_ = false;
    bool ending_ = false;
    bool is_whole_ = false; // the answer
    bool released_ = false;
    bool telling_ = false;
    Timer timer_;
    ngx_event_t posted_{};
};

} // namespace ws_pubsub
