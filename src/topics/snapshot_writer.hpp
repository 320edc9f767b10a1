// Writes down what a zone keeps, a little in each hold of its lock, while
// others go on using it.
//
// Each topic is as it was at one moment, topics may be of different ones: keys
// come last, so that where one was written its message may be, too. What one
// hold has begun of a topic with a long history the next ones go on with, from
// its newest messages to older ones. Meanwhile items leave at the head of the
// log only: so where the next one is still in it nothing between is missing,
// and where it is not, or the topic is not there any more, what was written is
// the topic with a shorter history.
//
// What a zone that follows a log has in common with all that do, or leaves
// behind when nobody uses it any more, is exact instead: as of one entry of the
// log. It is void when anything of the log was applied meanwhile; who applies
// it waits.
//
// Thread safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shm/transaction.hpp"
#include "topics/snapshot_format.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

class SnapshotWriter {
public:
    enum class Of : uint8_t {
        host,      // all that it has; in use
        last_host, // the same, when nobody uses it any more
        log        // what it has of the log, between two entries
    };

    // Content, and topics looked at, in one hold of the lock; what begins
    // before so much is reached is written: a message may be larger.
    static constexpr size_t kBytesPerLock = 64UL * 1024;
    static constexpr size_t kTopicsPerLock = 512;

    // `marks`: to be kept, whatever they are. Of before the first step.
    SnapshotWriter(TopicParts& parts, std::vector<Position> marks,
                   Of what = Of::host)
        : parts_(parts), marks_(std::move(marks)), what_(what)
    {}

    // Appends what one hold of the lock brings. False: that is all, or it is
    // void.
    bool step(std::string& out);

    [[nodiscard]] const SavedEnd& written() const { return written_; }
    // What was written is nothing: the zone has changed, or is being filled.
    [[nodiscard]] bool is_void() const { return void_; }
    // How far the zone had come, exactly; ms 0: that is not known.
    [[nodiscard]] const LogId& position() const { return position_; }
    [[nodiscard]] uint64_t nonce() const { return nonce_; }

private:
    enum class Phase : uint8_t {
        zone,
        origins,
        revocations,
        topics,
        keys,
        end
    };

    // What of a topic's log is still to be written.
    struct Rest {
        const Item* item = nullptr; // null: nothing
        uint64_t pos = 0;
        uint64_t life = 0;
        uint64_t most = 0; // messages: of what its record says that it keeps
    };

    bool begin();
    [[nodiscard]] bool is_as_it_was() const;
    bool save_some(std::string& out, size_t full);
    void save_zone(std::string& out);
    bool save_origins(std::string& out, size_t full);
    bool save_revocations(std::string& out, size_t full);
    bool save_topics(std::string& out, size_t full);
    bool save_keys(std::string& out, size_t full);
    void save_topic(Topic& topic, std::string& out, size_t full);
    void save_rest(std::string& out, size_t full);
    [[nodiscard]] int64_t ticks_of(Topic& topic) const;
    void save_items(Topic& topic, const Item* item, RecordWriter& record,
                    const std::string& out, size_t full);

    TopicParts& parts_;
    std::vector<Position> marks_;
    const Of what_;
    SavedEnd written_;
    int64_t ticks_ms_ = 0; // of this hold
    int64_t log_ms_ = 0;   // of what follows a log; the same where it does not
    Phase phase_ = Phase::zone;
    bool begun_ = false;
    bool exact_ = false;
    bool void_ = false;
    LogId position_{};
    uint64_t nonce_ = 0;
    int64_t swept_ms_ = 0;
    uint64_t touched_ = 0;
    const OriginRecord* origin_ = nullptr; // the last one
    size_t bucket_ = 0;                    // of revocations
    std::string path_;                     // of the last topic
    Rest rest_;
    size_t owner_ = 0; // of keys
    KeyRecord* key_ = nullptr;
    uint64_t key_number_ = 0; // how many were ahead of it ever; 0: begin
};

} // namespace ws_pubsub
