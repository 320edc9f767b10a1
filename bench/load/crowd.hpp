// All subscribers: connects them, a few at a time, and waits until they are
// subscribed.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "load/deliveries.hpp"
#include "load/loop.hpp"
#include "load/options.hpp"
#include "load/subscriber.hpp"

namespace ws_bench {

class Crowd {
public:
    Crowd(Loop& loop, const Options& options, Deliveries& deliveries)
        : loop_(loop), options_(options), audience_{options, deliveries}
    {}

    // Adds so many, and returns when all of them are ready. Ends the program
    // when that takes too long.
    void gather(size_t count);

    // From now on the first `options.stalled` read nothing.
    void stall_some();

    [[nodiscard]] const Audience& audience() const { return audience_; }

private:
    Loop& loop_;
    const Options& options_;
    Audience audience_;
    std::vector<std::unique_ptr<Subscriber>> subscribers_;
};

} // namespace ws_bench
