// What a snapshot of a zone's topics is made of: records, one behind the other.
//
//   zone │ [replica │ origin …] │ revocation … │ topic, items … │ … │ key … │
//   end
//
// With the record of a replica it is what a zone that follows a log has as of
// one entry, exactly: whoever loads it goes on behind that entry, and has what
// all others have. What is one host's own may be left out.
//
// Each is its length (of what is behind it), its kind, and its fields; texts
// have their lengths before them, numbers are little-endian. So a reader can
// skip what it does not need.
//
// Topics are in path order. A topic's record has its newest messages, and the
// records of items behind it the older ones, the newest first: a message has
// the sequence number before that of the one ahead of it. So a snapshot that is
// cut off amid a topic has a shorter history, and nothing else is wrong.
//
// Ticks of the clock mean nothing to another life of the machine: what they
// tell is written as an age, or as the time that is left: in what follows a log
// as of the time of its last entry.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/keyed_hash.hpp"
#include "base/message.hpp"
#include "base/token_mark.hpp"
#include "topics/layout.hpp"
#include "topics/snapshot_replica.hpp"

namespace ws_pubsub {

// No epoch or count is larger, so that there is room for those to come, and no
// message is from later: the end of the year 9999.
inline constexpr uint64_t kMostSavedNumber = uint64_t{1} << 62;
inline constexpr int64_t kMostSavedTimeMs = 253'402'300'799'999;

// Of a snapshot with the record of a replica; without it is 1.
inline constexpr uint32_t kReplicaFormat = 2;

enum class SavedKind : uint8_t {
    zone = 1,
    revocation = 2,
    topic = 3,
    items = 4,
    key = 5,
    end = 6,
    replica = 7,
    origin = 8
};

struct SavedZone {
    HashKey hash_key;
    uint64_t published = 0;
    uint64_t evicted = 0;
    uint64_t expired = 0;
    uint64_t refused = 0;
    uint64_t terms = 0;
    uint64_t term_epoch = 0;
    std::vector<Position> marks; // how far somebody has read certain topics
};

struct SavedRevocation {
    Revocation::Of of{};
    std::string_view text;
    int64_t before_ms = 0;
    int64_t ends_ms = 0;
    int64_t left_ms = 0; // until it ends
};

// Whether it is what can be listed.
[[nodiscard]] bool is_sound(const SavedRevocation& revocation);

struct SavedTopic {
    std::string_view path;
    uint64_t life = 0;
    Position at;
    std::array<ForkPoint, kMaxForkPoints> forks{}; // the oldest first
    uint8_t fork_count = 0;
    bool retain = false;
    uint32_t keep = 0;
    int64_t ttl_ms = 0;
    int64_t idle_ms = 0;
    int64_t active_age_ms = 0; // with one of these two
};

// Its epoch is told by where its topic has forked.
struct SavedItem {
    int64_t time_ms = 0;
    int64_t age_ms = 0;
    PayloadKind kind{};
    std::string_view content_type;
    std::string_view payload;
};

// Whether it is what a publish takes, but that JSON only has to be so by its
// grammar: that makes a million topics load in half the time, and what others
// write it into stays sound. take_item() does not ask, as it is called more
// than once for each message.
[[nodiscard]] bool is_sound(const SavedItem& item);

struct SavedKey {
    KeyShare owner{};
    std::string_view key;
    uint64_t hash = 0;
    uint64_t life = 0;
    uint64_t seq = 0;
    uint64_t body_hash = 0;
    uint32_t subscribers = 0;
    int64_t left_ms = 0;
};

struct SavedEnd {
    uint64_t topics = 0;
    uint64_t messages = 0;
};

// A record as it is written: what its fields are appended to.
class RecordWriter {
public:
    RecordWriter(std::string& out, SavedKind kind);
    // The record's length is put in.
    ~RecordWriter();
    RecordWriter(const RecordWriter&) = delete;
    RecordWriter& operator=(const RecordWriter&) = delete;

    void add(const SavedZone& zone);
    void add(const SavedReplica& replica);
    void add(const SavedOrigin& origin);
    void add(const SavedRevocation& revocation);
    void add(const SavedTopic& topic);
    void add(const SavedItem& item);
    void add(const SavedKey& key);
    void add(const SavedEnd& end);

private:
    void add(uint64_t epoch, uint64_t seq);

    ByteWriter bytes_;
    size_t start_; // where the length is
};

// How many messages of a topic count; there may be more behind these.
[[nodiscard]] uint64_t most_items(const SavedTopic& topic);

// A record that is read.
struct SavedRecord {
    SavedKind kind{};
    ByteReader fields;
};

// Takes the next one from the front. nullopt: there is no whole one.
std::optional<SavedRecord> take_record(ByteReader& bytes);

// Each takes what it names from the front of a record's fields. nullopt: that
// is not what a zone may have.
std::optional<SavedZone> take_zone(ByteReader& fields);
std::optional<SavedRevocation> take_revocation(ByteReader& fields);
std::optional<SavedTopic> take_topic(ByteReader& fields);
std::optional<SavedItem> take_item(ByteReader& fields);
std::optional<SavedKey> take_key(ByteReader& fields);
std::optional<SavedEnd> take_end(ByteReader& fields);

} // namespace ws_pubsub
