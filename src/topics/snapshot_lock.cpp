#include "topics/snapshot_lock.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace ws_pubsub {

namespace {

constexpr off_t kPlace = off_t{1} << 62; // beyond all data, and all owners
constexpr int64_t kPauseMs = 10;

// One of the process, not of the open file, which workers share. False: errno
// says why.
bool set(int fd, short type)
{
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = kPlace;
    lock.l_len = 1;
    return fcntl(fd, F_SETLK, &lock) == 0;
}

bool try_lock(int fd)
{
    return set(fd, F_WRLCK) || (errno != EAGAIN && errno != EACCES);
}

} // namespace

SnapshotLock::SnapshotLock(const SnapshotSlots& slots, int64_t wait_ms)
    : fd_(slots[0].fd()), held_(try_lock(fd_))
{
    for (int64_t waited_ms = 0; !held_ && waited_ms < wait_ms;
         waited_ms += kPauseMs) {
        usleep(kPauseMs * 1000);
        held_ = try_lock(fd_);
    }
}

SnapshotLock::~SnapshotLock()
{
    const int error = errno; // of what was done meanwhile
    if (held_) {
        set(fd_, F_UNLCK);
    }
    errno = error;
}

} // namespace ws_pubsub
