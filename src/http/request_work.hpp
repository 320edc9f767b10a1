// Work on requests that may be too much for one turn of the event loop, or has
// to wait for what changes are answered.
//
// All requests of a zone share its turns, as commands do: however many clients
// ask, a turn has its bound, and none of them waits for more than a step of
// each of the others.
#pragma once

#include "ngx/ngx.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "broker/shared_turns.hpp"
#include "ngx/pool.hpp"
#include "topics/outcome.hpp"

namespace ws_pubsub {

class RequestWork;

// One for each zone in each worker.
class RequestTurns {
public:
    explicit RequestTurns(ngx_log_t* log);
    ~RequestTurns();
    RequestTurns(const RequestTurns&) = delete;
    RequestTurns& operator=(const RequestTurns&) = delete;

private:
    friend class RequestWork;

    // True: the work is done. Else it is finalized in a turn to come.
    bool begin(RequestWork& work);
    void cancel(RequestWork& work);
    void schedule(bool more);
    void run();
    static void on_turn(ngx_event_t* event);

    SharedTurns turns_;
    std::vector<RequestWork*> done_; // to be finalized
    ngx_event_t event_{};
    ngx_connection_t no_connection_{}; // for the logs of the event
};

// To be made in the request's pool: if nginx ends the request before, the work
// ends with it.
class RequestWork : private Work {
public:
    // What becomes of the work when the client leaves.
    enum class Client : bool { needed, may_leave };

    RequestWork(ngx_http_request_t* r, RequestTurns& turns, Client client);
    RequestWork(const RequestWork&) = delete;
    RequestWork& operator=(const RequestWork&) = delete;
    ~RequestWork() override;

    // Does what this turn has room for now, the rest in turns to come, then
    // finalizes the request with what the last step said. REQUIRES: one of the
    // request's counts is this work's.
    void run();

protected:
    // Does a small step, and takes off `left` what it cost, in topics looked
    // at. Nothing, if there is more to do; else what to finalize the request
    // with.
    virtual std::optional<ngx_int_t> go_on(size_t& left) = 0;

    // From go_on(), for what it returns no result: the next step comes when the
    // change was answered, after `taken`.
    void await_answer(std::unique_ptr<PendingChange> pending,
                      PendingChange::Done taken);
    [[nodiscard]] bool waits() const { return pending_ != nullptr; }

    [[nodiscard]] ngx_http_request_t* request() const { return r_; }

private:
    friend class RequestTurns;

    bool step(size_t& left) override;
    void finalize();

    ngx_http_request_t* r_;
    RequestTurns& turns_;
    Client client_;
    ngx_int_t result_ = NGX_OK;
    std::unique_ptr<PendingChange> pending_; // null: it does not wait
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
