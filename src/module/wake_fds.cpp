#include "ngx/ngx.hpp"

#include "module/wake_fds.hpp"

#include <algorithm>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/limits.hpp"

namespace ws_pubsub {

namespace {

// The cache manager and the cache loader.
constexpr size_t kOtherProcesses = 2;

size_t living_processes()
{
    return static_cast<size_t>(
        std::count_if(ngx_processes, ngx_processes + ngx_last_process,
                      [](const ngx_process_t& one) { return one.pid != -1; }));
}

// What nginx opens to start workers: a pair of sockets for each process; and a
// file or two.
size_t needed_to_start(size_t workers)
{
    return 2 * (workers + kOtherProcesses) + 2;
}

void close_from(std::vector<int>& fds, size_t first)
{
    for (size_t i = first; i < fds.size(); i++) {
        if (fds[i] != kNoWakeFd) {
            close(fds[i]);
        }
    }
    fds.resize(first);
}

} // namespace

WakeFds& WakeFds::of_process()
{
    static WakeFds fds;
    return fds;
}

WakeFds::~WakeFds()
{
    close_from(fds_, 0);
}

// None is made where those that nginx itself is about to need would be missing
// then: it can do without ours.
void WakeFds::prepare(ngx_log_t* log, size_t workers)
{
    const size_t made = fds_.size();
    const size_t wanted =
        std::min(living_processes() + 2 * (workers + kOtherProcesses),
                 size_t{kMaxWorkers});
    if (wanted <= made) {
        return;
    }
    const size_t tried = wanted + needed_to_start(workers);
    fds_.reserve(tried);
    while (fds_.size() < tried) {
        const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (fd == -1) {
            ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                          "ws_pubsub: eventfd() failed: raise the limit of "
                          "open files");
            return close_from(fds_, made);
        }
        fds_.push_back(fd);
    }
    close_from(fds_, wanted);
}

int WakeFds::take_own()
{
    if (!has(static_cast<int>(ngx_process_slot))) {
        return kNoWakeFd;
    }
    return std::exchange(fds_[static_cast<size_t>(ngx_process_slot)],
                         kNoWakeFd);
}

void WakeFds::wake(int number) const
{
    eventfd_write(fds_[static_cast<size_t>(number)], 1);
}

} // namespace ws_pubsub
