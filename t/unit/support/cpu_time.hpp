// How much more of the processor's time one thing takes than another: what is
// asserted on is their ratio, never a time.
#pragma once

#include <algorithm>
#include <ctime>
#include <limits>

namespace ws_pubsub {

// The least of a few tries: noise only adds.
template <class Work>
double cpu_ticks(Work&& work, int tries = 3)
{
    double least = std::numeric_limits<double>::max();
    for (int i = 0; i < tries; i++) {
        const std::clock_t before = std::clock();
        work();
        least = std::min(least, static_cast<double>(std::clock() - before));
    }
    return std::max(least, 1.0);
}

} // namespace ws_pubsub
