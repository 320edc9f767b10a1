#include "topics/snapshot_slots.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.hpp"

namespace ws_pubsub {

namespace {

constexpr size_t kReadBytes = 1024UL * 1024;
// How long it takes to mark a file as complete.
constexpr uint64_t kMostToMarkNs = 2'000'000'000;
// Beyond all data.
constexpr off_t kFirstOwner = off_t{1} << 60;

uint64_t nanoseconds(const timespec& time)
{
    return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 +
           static_cast<uint64_t>(time.tv_nsec);
}

// The byte that stands for the owner.
struct flock place_of(uint64_t owner)
{
    struct flock lock {};
    lock.l_whence = SEEK_SET;
    lock.l_start =
        kFirstOwner + static_cast<off_t>(owner % uint64_t{kFirstOwner});
    lock.l_len = 1;
    return lock;
}

// Up to the end of the file. nullopt: it can't be read.
std::optional<size_t> read_at(int fd, uint64_t offset, char* out, size_t size)
{
    size_t done = 0;
    while (done < size) {
        const ssize_t n = pread(fd, out + done, size - done,
                                static_cast<off_t>(offset + done));
        if (n == -1 && errno == EINTR) {
            continue;
        }
        if (n == -1) {
            return std::nullopt;
        }
        if (n == 0) {
            break;
        }
        done += static_cast<size_t>(n);
    }
    return done;
}

bool write_at(int fd, uint64_t offset, std::string_view data)
{
    while (!data.empty()) {
        const ssize_t n =
            pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
        if (n == -1 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            errno = n == 0 ? ENOSPC : errno;
            return false;
        }
        data.remove_prefix(static_cast<size_t>(n));
        offset += static_cast<uint64_t>(n);
    }
    return true;
}

} // namespace

// --- SnapshotSlot

SnapshotSlot::~SnapshotSlot()
{
    if (fd_ != -1) {
        close(fd_);
    }
}

SnapshotSlot::SnapshotSlot(SnapshotSlot&& other) noexcept
    : fd_(std::exchange(other.fd_, -1))
{}

SnapshotSlot& SnapshotSlot::operator=(SnapshotSlot&& other) noexcept
{
    std::swap(fd_, other.fd_);
    return *this;
}

SlotState SnapshotSlot::read_head(SnapshotHead& head) const
{
    if (fd_ == -1) {
        return SlotState::empty;
    }
    std::array<char, SnapshotHead::kBytes> sector{};
    const auto size = read_at(fd_, 0, sector.data(), sector.size());
    return size ? decode({sector.data(), *size}, head) : SlotState::unreadable;
}

bool SnapshotSlot::has_data(const SnapshotHead& head) const
{
    std::string piece(std::min<uint64_t>(head.bytes, kReadBytes), '\0');
    uint32_t crc = 0;
    errno = 0;
    for (uint64_t done = 0; done < head.bytes;) {
        const size_t size = std::min<uint64_t>(head.bytes - done, piece.size());
        const auto got =
            read_at(fd_, SnapshotHead::kBytes + done, piece.data(), size);
        if (!got || *got != size) {
            return false;
        }
        crc = crc32c(std::string_view(piece).substr(0, size), crc);
        done += size;
    }
    return crc == head.crc;
}

// Nobody can choose a file's ctime: that of one whose time was put back is of
// later.
bool SnapshotSlot::is_untouched(const SnapshotHead& head) const
{
    struct stat about {};
    if (fstat(fd_, &about) != 0) {
        return false;
    }
    const uint64_t mtime_ns = nanoseconds(about.st_mtim);
    return about.st_ino == head.inode && mtime_ns == head.mtime_ns &&
           nanoseconds(about.st_ctim) - mtime_ns < kMostToMarkNs;
}

bool SnapshotSlot::is_same_file(const SnapshotSlot& other) const
{
    struct stat ours {};
    struct stat others {};
    return fd_ != -1 && other.fd_ != -1 && fstat(fd_, &ours) == 0 &&
           fstat(other.fd_, &others) == 0 && ours.st_dev == others.st_dev &&
           ours.st_ino == others.st_ino;
}

// The time is the file system's, in its steps and by its clock.
bool SnapshotSlot::write_clean_head(SnapshotHead head) const
{
    struct stat about {};
    if (futimens(fd_, nullptr) != 0 || fstat(fd_, &about) != 0) {
        return false;
    }
    head.inode = about.st_ino;
    head.mtime_ns = nanoseconds(about.st_mtim);
    const std::array<timespec, 2> times{about.st_atim, about.st_mtim};
    return write_head(head) && futimens(fd_, times.data()) == 0;
}

bool SnapshotSlot::sync() const
{
    return fdatasync(fd_) == 0;
}

bool SnapshotSlot::write_head(const SnapshotHead& head) const
{
    return write_at(fd_, 0, encode(head));
}

bool SnapshotSlot::clear_head() const
{
    return write_at(fd_, 0, std::string(SnapshotHead::kBytes, '\0'));
}

bool SnapshotSlot::write(uint64_t offset, std::string_view data) const
{
    return write_at(fd_, SnapshotHead::kBytes + offset, data);
}

bool SnapshotSlot::end(uint64_t bytes) const
{
    return ftruncate(fd_, static_cast<off_t>(SnapshotHead::kBytes + bytes)) ==
           0;
}

// --- SnapshotData

SnapshotData::SnapshotData(const SnapshotSlot& slot, const SnapshotHead& head)
{
    struct stat about {};
    if (fstat(slot.fd(), &about) != 0) {
        return;
    }
    errno = 0;
    const auto size = static_cast<uint64_t>(about.st_size);
    if (size < SnapshotHead::kBytes ||
        size - SnapshotHead::kBytes < head.bytes) {
        return;
    }
    bytes_.resize(head.bytes);
    const auto got =
        read_at(slot.fd(), SnapshotHead::kBytes, bytes_.data(), bytes_.size());
    there_ = got == bytes_.size() && crc32c(bytes_) == head.crc;
}

// --- SnapshotSlots

SnapshotSlots::Newest SnapshotSlots::look_at(size_t i) const
{
    Newest found;
    found.slot = i;
    found.state = slots_[i].read_head(found.head);
    if (found.state == SlotState::unreadable) {
        found.error = errno;
    }
    found.clean = found.state == SlotState::good && found.head.clean &&
                  slots_[i].is_untouched(found.head);
    return found;
}

// Of one with a good head: whether the rest is good, too.
void SnapshotSlots::examine(Newest& found, const Take& take) const
{
    if (!take) {
        if (!slots_[found.slot].has_data(found.head)) {
            found.error = errno;
            found.state = SlotState::bad;
        }
        return;
    }
    const SnapshotData data(slots_[found.slot], found.head);
    if (!data.is_there()) {
        found.error = errno;
        found.state = SlotState::bad;
    } else if (!take(found, data.bytes())) {
        found.state = SlotState::bad;
    }
}

SnapshotSlots::Newest SnapshotSlots::find_newest(const Take& take) const
{
    std::array<Newest, kCount> found{look_at(0), look_at(1)};
    if (found[1].state == SlotState::good &&
        found[1].head.generation > found[0].head.generation) {
        std::swap(found[0], found[1]);
    }
    for (Newest& one : found) {
        if (one.state == SlotState::good) {
            examine(one, take);
        }
        if (one.state == SlotState::good) {
            return one;
        }
    }
    for (const Newest& one : found) {
        if (one.state != SlotState::empty && one.state != SlotState::claimed) {
            return one;
        }
    }
    return {};
}

SnapshotSlots::Heads SnapshotSlots::heads() const
{
    Heads heads;
    for (size_t i = 0; i < kCount; i++) {
        heads[i].state = slots_[i].read_head(heads[i].head);
    }
    return heads;
}

bool SnapshotSlots::has_file_of(const SnapshotSlots& other) const
{
    for (const SnapshotSlot& one : slots_) {
        for (const SnapshotSlot& others : other.slots_) {
            if (one.is_same_file(others)) {
                return true;
            }
        }
    }
    return false;
}

// The lock is the open file's: workers have it with the descriptor. It keeps
// nobody from anything.
void SnapshotSlots::claim(uint64_t owner)
{
    struct flock lock = place_of(owner);
    lock.l_type = F_RDLCK; // a reload claims it once more
    fcntl(slots_[0].fd(), F_OFD_SETLK, &lock);
    owner_ = owner;
}

// Where there are no locks nobody can be told to be gone.
bool SnapshotSlots::is_claimed(uint64_t owner) const
{
    struct flock lock = place_of(owner);
    lock.l_type = F_WRLCK;
    return fcntl(slots_[0].fd(), F_OFD_GETLK, &lock) != 0 ||
           lock.l_type != F_UNLCK;
}

} // namespace ws_pubsub
