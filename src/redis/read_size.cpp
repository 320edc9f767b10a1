#include "redis/read_size.hpp"

#include <algorithm>

namespace ws_pubsub::redis {

namespace {

constexpr size_t kEntryBytes = 64; // around what we have put into it

} // namespace

void ReadSize::note_read(size_t entries, size_t bytes, int64_t now_ms)
{
    if (most_ < kMost && now_ms - changed_ms_ >= kGrowMs) {
        most_ = std::min(most_ + std::max<size_t>(most_ / 2, 1), kMost);
        changed_ms_ = now_ms;
    }
    if (entries == 0) {
        return;
    }
    const size_t each = bytes / entries + kEntryBytes;
    // few entries say little of those that follow
    const size_t fitting =
        std::min(kReplyBytes / each, std::max(entries * 4, count_));
    count_ = std::clamp<size_t>(fitting, 1, most_);
}

void ReadSize::note_cut(int64_t now_ms)
{
    most_ = std::max<size_t>(count_ / 2, 1);
    count_ = most_;
    changed_ms_ = now_ms;
}

} // namespace ws_pubsub::redis
