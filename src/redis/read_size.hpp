// How many entries to ask a log for at once, when nobody knows how large they
// are: so many that a reply has about kReplyBytes.
//
// A reply that is too large for the server, for us or for the way between ends
// the connection, and would end the next one, too: then it is half as many at
// most, which grows again slowly.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ws_pubsub::redis {

class ReadSize {
public:
    static constexpr size_t kMost = 512;
    static constexpr size_t kFirst = 16;
    static constexpr size_t kReplyBytes = 1024UL * 1024;
    static constexpr int64_t kGrowMs = 10'000; // by a half

    [[nodiscard]] size_t count() const { return count_; }
    // A reply has brought so many, or none.
    void note_read(size_t entries, size_t bytes, int64_t now_ms);
    // The connection has ended instead.
    void note_cut(int64_t now_ms);

private:
    size_t count_ = kFirst;
    size_t most_ = kMost;
    int64_t changed_ms_ = 0; // `most_`
};

} // namespace ws_pubsub::redis
