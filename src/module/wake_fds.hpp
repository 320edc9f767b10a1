// The eventfds that wake workers: one for each worker, whatever the zones.
//
// A worker's has the number of its place in nginx's table of processes
// (ngx_process_slot), which no other living process of this master has. The
// master makes them before it forks, and keeps them. A worker has those that
// there were when it was forked, and can wake whoever has one of them; others
// find out what they got at their next tick. So descriptors that are short make
// messages late, and nothing worse.
#pragma once

#include "ngx/ngx.hpp"

#include <vector>

namespace ws_pubsub {

inline constexpr int kNoWakeFd = -1;

class WakeFds {
public:
    // Made by the master, inherited by its workers.
    static WakeFds& of_process();

    WakeFds() = default;
    WakeFds(const WakeFds&) = delete;
    WakeFds& operator=(const WakeFds&) = delete;
    ~WakeFds();

    // In the master, before it forks so many workers: makes what is missing for
    // them, and for as many that will take over from them in a reload.
    void prepare(ngx_log_t* log, size_t workers);

    // In a worker: its own, for which it is to care from now on; kNoWakeFd if
    // it has none.
    int take_own();

    [[nodiscard]] bool has(int number) const
    {
        return number >= 0 && static_cast<size_t>(number) < fds_.size() &&
               fds_[static_cast<size_t>(number)] != kNoWakeFd;
    }
    // REQUIRES: has(number).
    void wake(int number) const;

private:
    std::vector<int> fds_; // by number
};

} // namespace ws_pubsub
