// Requests that wait for what the workers answer to an order of control.
//
// A worker that hangs answers nothing: after a second the request is answered
// without it. If its client leaves, the request ends, and the order goes on.
#pragma once

#include "ngx/ngx.hpp"

#include <cstdint>
#include <vector>

#include "client/control_tally.hpp"
#include "ngx/timer.hpp"
#include "readers/orders.hpp"

namespace ws_pubsub {

class ControlWait;

// One for each zone in each worker.
class ControlWaits {
public:
    ControlWaits() = default;
    ControlWaits(const ControlWaits&) = delete;
    ControlWaits& operator=(const ControlWaits&) = delete;
    // REQUIRES: all requests have ended.
    ~ControlWaits() = default;

    // Takes what was answered to the worker's orders, and finalizes the
    // requests that have all they wait for.
    void take(Orders& orders, WorkerId worker);

private:
    friend class ControlWait;

    ControlWait* find(uint64_t order);

    std::vector<ControlWait*> waiting_;
};

// To be made in the request's pool: if nginx ends the request before, nobody
// waits any more.
class ControlWait {
public:
    // Writes the answer: returns what to finalize the request with.
    using Answer = ngx_int_t (*)(ngx_http_request_t* r,
                                 const ControlTally& tally, const void* about);

    // `about` lives as long as the request.
    ControlWait(ngx_http_request_t* r, ControlWaits& waits, Orders& orders,
                PlacedOrder placed, Answer answer, const void* about);
    ControlWait(const ControlWait&) = delete;
    ControlWait& operator=(const ControlWait&) = delete;
    ~ControlWait();

    // REQUIRES: one of the request's counts is this one's.
    void begin();

private:
    friend class ControlWaits;

    void finish();
    static void on_timer(void* self);

    ngx_http_request_t* r_;
    ControlWaits& waits_;
    Orders& orders_;
    ControlTally tally_;
    Answer answer_;
    const void* about_;
    Timer timer_;
};

} // namespace ws_pubsub
