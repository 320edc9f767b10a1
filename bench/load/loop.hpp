// The event loop: epoll, edge triggered.
#pragma once

#include <array>
#include <cstdint>

#include <sys/epoll.h>

namespace ws_bench {

// What waits for a descriptor. Outlives its place in the loop.
class Events {
public:
    virtual ~Events() = default;
    virtual void on_ready(uint32_t events) = 0;
};

class Loop {
public:
    Loop();

    // Everything that can happen to a connection, edge triggered.
    void add(int fd, Events& events);
    void remove(int fd);

    // Waits for events until then (as now_ns()), and serves those that came.
    void turn(int64_t until_ns);

private:
    static constexpr int kEventsAtOnce = 1024;

    int epoll_;
    std::array<epoll_event, kEventsAtOnce> events_{};
};

} // namespace ws_bench
