// Looks through a snapshot before any of it is believed: whether it is one that
// a zone may be filled with, and how much is in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "topics/snapshot_format.hpp"

namespace ws_pubsub {

// About how many bytes a message of a zone takes.
[[nodiscard]] uint64_t zone_bytes_of(const SavedItem& item);

struct SnapshotSurvey {
    SavedZone zone;
    // Of a zone that follows a log, exactly; then it is in order.
    std::optional<SavedReplica> replica;
    uint64_t most_epoch = 0;       // but for those from kLocalEpochs on
    uint64_t most_local_epoch = 0; // of those
    uint64_t topics = 0;
    uint64_t value_bytes = 0;   // about, of values and topics
    uint64_t message_bytes = 0; // about, of values and histories
    // Of topics that have keys; what it says of them is for the reader.
    std::unordered_map<uint64_t, uint64_t> lives;
};

class SnapshotSurveyor {
public:
    enum class State : uint8_t {
        more,
        done,
        bad // it is none
    };

    // The bytes outlive it, and what it finds.
    explicit SnapshotSurveyor(std::string_view snapshot) : rest_(snapshot) {}

    // Goes through about so much of it.
    State step(size_t bytes);
    // Once it is done: all of it can be taken, record by record, and nothing
    // that is taken is nullopt.
    SnapshotSurvey take() { return std::move(found_); }

private:
    bool look_at_next();
    bool look_at(SavedRecord& record);
    bool look_at_origin(ByteReader& fields);
    bool look_at_topic(ByteReader& fields);
    bool look_at_items(ByteReader& fields);
    bool look_at_key(ByteReader& fields);
    bool look_at_end(ByteReader& fields);
    [[nodiscard]] bool follows(SavedKind kind) const;

    ByteReader rest_;
    SnapshotSurvey found_;
    SavedEnd seen_;
    uint64_t used_bytes_ = 0; // as the hosts of a log count them
    int64_t last_heard_ms_ = 0;
    std::string_view last_path_;
    uint64_t most_items_ = 0; // that the topic may still have
    bool begun_ = false;
    bool ended_ = false;
    SavedKind last_kind_ = SavedKind::zone;
};

// All of it at once; nullopt: it is none.
[[nodiscard]] std::optional<SnapshotSurvey> survey(std::string_view snapshot);

} // namespace ws_pubsub
