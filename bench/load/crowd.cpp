#include "load/crowd.hpp"

#include <cerrno>

#include "shared/clock.hpp"
#include "shared/fail.hpp"

namespace ws_bench {

namespace {

constexpr size_t kConnectingAtOnce = 256;
constexpr int64_t kPatience = 60 * kSecond;
// A stalled client's socket takes little.
constexpr int kStalledReceiveBytes = 16 * 1024;

} // namespace

void Crowd::gather(size_t count)
{
    const size_t wanted = subscribers_.size() + count;
    const int64_t give_up = now_ns() + kPatience;
    while (audience_.ready < wanted) {
        while (subscribers_.size() < wanted &&
               subscribers_.size() - audience_.ready < kConnectingAtOnce) {
            const size_t number = subscribers_.size();
            subscribers_.push_back(
                std::make_unique<Subscriber>(loop_, audience_, number));
            subscribers_.back()->start(
                {options_.port, options_.tls},
                number < options_.stalled ? kStalledReceiveBytes : 0);
        }
        loop_.turn(now_ns() + kSecond);
        if (now_ns() > give_up) {
            errno = 0;
            fail("the subscribers don't get ready");
        }
    }
}

void Crowd::stall_some()
{
    for (size_t i = 0; i < options_.stalled; i++) {
        subscribers_[i]->stall();
    }
}

} // namespace ws_bench
