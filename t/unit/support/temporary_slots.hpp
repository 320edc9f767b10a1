// Two slots in files that nobody else knows.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "topics/snapshot_slots.hpp"

namespace ws_pubsub {

class TemporarySlots {
public:
    TemporarySlots() : slots_(make(0), make(1)) {}
    ~TemporarySlots()
    {
        for (const std::string& path : paths_) {
            unlink(path.c_str());
        }
    }
    TemporarySlots(const TemporarySlots&) = delete;
    TemporarySlots& operator=(const TemporarySlots&) = delete;

    [[nodiscard]] const SnapshotSlots& slots() const { return slots_; }
    SnapshotSlots& slots() { return slots_; }
    // As another nginx opens them.
    [[nodiscard]] SnapshotSlots open_again() const
    {
        return {SnapshotSlot(open(paths_[0].c_str(), O_RDWR | O_CLOEXEC)),
                SnapshotSlot(open(paths_[1].c_str(), O_RDWR | O_CLOEXEC))};
    }
    [[nodiscard]] const std::string& path(size_t slot) const
    {
        return paths_[slot];
    }
    // One byte of the file is another one from now on.
    void flip(size_t slot, uint64_t offset) const
    {
        char byte = 0;
        const int fd = slots_[slot].fd();
        if (pread(fd, &byte, 1, static_cast<off_t>(offset)) != 1) {
            std::abort();
        }
        byte = static_cast<char>(byte ^ 0x10);
        if (pwrite(fd, &byte, 1, static_cast<off_t>(offset)) != 1) {
            std::abort();
        }
    }
    void cut(size_t slot, uint64_t size) const
    {
        if (ftruncate(slots_[slot].fd(), static_cast<off_t>(size)) != 0) {
            std::abort();
        }
    }

private:
    SnapshotSlot make(size_t slot)
    {
        std::string& path = paths_[slot];
        path = std::filesystem::temp_directory_path() / "ws-pubsub-slot-XXXXXX";
        const int fd = mkstemp(path.data());
        if (fd == -1) {
            std::abort();
        }
        return SnapshotSlot(fd);
    }

    std::string paths_[SnapshotSlots::kCount];
    SnapshotSlots slots_;
};

} // namespace ws_pubsub
