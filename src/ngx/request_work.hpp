// Work on a request that may be too much for one turn of the event loop.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <utility>

#include "ngx/pool.hpp"

namespace ws_pubsub {

// To be made in the request's pool: if nginx ends the request before, the work
// ends with it.
class RequestWork {
public:
    explicit RequestWork(ngx_http_request_t* r);
    RequestWork(const RequestWork&) = delete;
    RequestWork& operator=(const RequestWork&) = delete;
    virtual ~RequestWork();

    // Does a step now, the others in turns to come, then finalizes the request
    // with what the last one said. REQUIRES: one of the request's counts is
    // this work's.
    void run();

protected:
    // Does as much as others can wait for. Nothing, if there is more to do;
    // else what to finalize the request with.
    virtual std::optional<ngx_int_t> step() = 0;

    [[nodiscard]] ngx_http_request_t* request() const { return r_; }

private:
    static void on_turn(ngx_event_t* event);

    ngx_http_request_t* r_;
    ngx_event_t event_{};
    ngx_connection_t no_connection_{}; // for the logs of the event
};

// Makes Work(r, arguments…) in the request's pool and begins it. To be returned
// from a content handler.
template <class Work, class... Arguments>
ngx_int_t start_work(ngx_http_request_t* r, Arguments&&... arguments)
{
    auto* work =
        make_in_pool<Work>(r->pool, r, std::forward<Arguments>(arguments)...);
    if (work == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    r->main->count++;
    work->run();
    return NGX_DONE;
}

} // namespace ws_pubsub
