// The two slots of a snapshot file, of which one is good while the other is
// written.
//
//   path.0, path.1:   head (a sector) │ data
//
// A slot that is written has no head until its data is there. Whose head is
// good and says the highest generation is the newest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "topics/snapshot_head.hpp"

namespace ws_pubsub {

// One of them: a file that is open. What fails leaves the reason in errno.
class SnapshotSlot {
public:
    SnapshotSlot() = default;
    // The descriptor is the slot's from now on.
    explicit SnapshotSlot(int fd) : fd_(fd) {}
    ~SnapshotSlot();
    SnapshotSlot(const SnapshotSlot&) = delete;
    SnapshotSlot& operator=(const SnapshotSlot&) = delete;
    SnapshotSlot(SnapshotSlot&& other) noexcept;
    SnapshotSlot& operator=(SnapshotSlot&& other) noexcept;

    [[nodiscard]] bool is_open() const { return fd_ != -1; }
    [[nodiscard]] SlotState read_head(SnapshotHead& head) const;
    // Whether the data is what the head says. It is all read. False with errno
    // 0: it is other data.
    [[nodiscard]] bool has_data(const SnapshotHead& head) const;
    // Whether nobody has touched the file since that clean head was written:
    // it is no copy.
    [[nodiscard]] bool is_untouched(const SnapshotHead& head) const;
    [[nodiscard]] bool is_same_file(const SnapshotSlot& other) const;

    [[nodiscard]] bool write_head(const SnapshotHead& head) const;
    // Marks the file for is_untouched().
    [[nodiscard]] bool write_clean_head(SnapshotHead head) const;
    // Waits for the disk.
    [[nodiscard]] bool sync() const;
    // All but the head: begins, goes on, and cuts off what was there before.
    [[nodiscard]] bool clear_head() const;
    [[nodiscard]] bool write(uint64_t offset, std::string_view data) const;
    [[nodiscard]] bool end(uint64_t bytes) const;

    [[nodiscard]] int fd() const { return fd_; }

private:
    int fd_ = -1;
};

// A slot's data in memory, read once: whoever writes there meanwhile does not
// change it.
class SnapshotData {
public:
    SnapshotData(const SnapshotSlot& slot, const SnapshotHead& head);

    // Whether it is what the head says; if not, errno as of has_data().
    [[nodiscard]] bool is_there() const { return there_; }
    [[nodiscard]] std::string_view bytes() const { return bytes_; }

private:
    std::string bytes_;
    bool there_ = false;
};

class SnapshotSlots {
public:
    static constexpr size_t kCount = 2;

    // What there is to load.
    struct Newest {
        SlotState state = SlotState::empty; // what stands in the way, if so
        size_t slot = 0;                    // of a good one
        SnapshotHead head;
        bool clean = false; // so says the head, and it is no copy
        int error = 0;      // an errno; 0: what was read is wrong
    };
    // What a slot begins with.
    struct Head {
        SlotState state = SlotState::empty;
        SnapshotHead head;

        bool operator==(const Head&) const = default;
    };
    using Heads = std::array<Head, kCount>;
    // Of what is in a slot: whether it will do.
    using Take = std::function<bool(const Newest&, std::string_view data)>;

    SnapshotSlots() = default;
    SnapshotSlots(SnapshotSlot first, SnapshotSlot second)
        : slots_{std::move(first), std::move(second)}
    {}

    // Of all that are good, data included, and that `take` takes. None is: it
    // is empty if both are, else what is wrong with one.
    [[nodiscard]] Newest find_newest(const Take& take = {}) const;
    [[nodiscard]] Heads heads() const;
    [[nodiscard]] bool has_file_of(const SnapshotSlots& other) const;

    // What is written from now on is known by that number, which others find
    // claimed as long as a process has these slots open.
    void claim(uint64_t owner);
    [[nodiscard]] bool is_claimed(uint64_t owner) const;
    [[nodiscard]] uint64_t owner() const { return owner_; }

    [[nodiscard]] const SnapshotSlot& operator[](size_t i) const
    {
        return slots_[i];
    }

private:
    [[nodiscard]] Newest look_at(size_t i) const;
    void examine(Newest& found, const Take& take) const;

    std::array<SnapshotSlot, kCount> slots_;
    uint64_t owner_ = 0;
};

} // namespace ws_pubsub
