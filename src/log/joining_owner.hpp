// The ports to whoever runs what works beside the log: on a loop of events, and
// for sessions that others have.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "topics/replica_book.hpp"

namespace ws_pubsub {

enum class LogLevel : uint8_t { notice, warn, error, emerg };

class Worked {
public:
    Worked() = default;
    Worked(const Worked&) = delete;
    Worked& operator=(const Worked&) = delete;

    // run() is to be called after so long; 0: in the next turn. Each call takes
    // the place of the one before.
    virtual void run_in(int64_t ms) = 0;
    // What operators should know; the zone's name goes before it.
    virtual void log(LogLevel level, std::string_view text) = 0;

protected:
    ~Worked() = default;
};

// How a zone has come to be where it can follow.
struct Joined {
    enum class How : uint8_t {
        loaded,  // a snapshot
        adopted, // it was there
        seeded   // the log begins with what it had
    };
    How how = How::adopted;
    uint64_t snapshot_bytes = 0; // that were loaded
    // The log has lost what the zone had: it was so far, and had applied so
    // many entries of the log. ReplicaBook::rewound tells that, too, until a
    // term begins.
    bool is_rewound = false;
    LogId before{};
    uint64_t entries_before = 0;
};

class JoiningOwner : public Worked {
public:
    JoiningOwner() = default;
    JoiningOwner(const JoiningOwner&) = delete;
    JoiningOwner& operator=(const JoiningOwner&) = delete;

    // What the zone has is about to be replaced: nobody is served until what
    // came after that was applied, too.
    virtual void on_replacing() = 0;
    // The zone's last entry is in the log, or was a moment ago.
    virtual void on_joined(const Joined& joined) = 0;
    // It takes a person.
    virtual void on_stuck(std::string_view why) = 0;

protected:
    ~JoiningOwner() = default;
};

} // namespace ws_pubsub
