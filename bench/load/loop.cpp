#include "load/loop.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/prctl.h>

#include "shared/clock.hpp"
#include "shared/fail.hpp"

namespace ws_bench {

Loop::Loop() : epoll_(epoll_create1(0))
{
    // The kernel delays a sleeper's end by 50 us otherwise.
    prctl(PR_SET_TIMERSLACK, 1UL);
}

void Loop::add(int fd, Events& events)
{
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &events;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
        fail("epoll_ctl");
    }
}

void Loop::remove(int fd)
{
    epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

void Loop::turn(int64_t until_ns)
{
    const int64_t wait_ns = std::max<int64_t>(until_ns - now_ns(), 0);
    const timespec wait{wait_ns / kSecond, wait_ns % kSecond};
    const int count =
        epoll_pwait2(epoll_, events_.data(), kEventsAtOnce, &wait, nullptr);
    if (count < 0 && errno != EINTR) {
        fail("epoll_pwait2");
    }
    for (int i = 0; i < count; i++) {
        const epoll_event& event = events_[static_cast<size_t>(i)];
        static_cast<Events*>(event.data.ptr)->on_ready(event.events);
    }
}

} // namespace ws_bench
