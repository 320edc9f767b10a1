// The port to a log that several hosts share: entries in one order, each with a
// place, that anybody appends to and all follow.
//
// An object of it is one connection at a time, which is made again where it
// ends. Each call that was taken calls back once: with what the log has said,
// or because the connection has ended; never from within the call. A call is
// taken only while the log is open. What is handed to a callback lives as long
// as the callback runs. Callbacks may close the log, but not destroy it.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "topics/replica_book.hpp"

namespace ws_pubsub {

// How a call has ended.
struct LogOutcome {
    enum class Kind : uint8_t {
        done,
        refused, // the log has said that it did not do it; maybe later
        unsent,  // the connection has ended before any of it was written
        unknown  // it has ended without an answer
    };
    Kind kind = Kind::done;
    std::string_view why{}; // but where it is done

    [[nodiscard]] bool is_done() const { return kind == Kind::done; }
};

// The format of entries that this version reads.
inline constexpr unsigned kEntryFormat = 1;

// Something that stands in the log.
struct LogRecord {
    enum class Kind : uint8_t {
        entry,   // of the format that this version reads
        newer,   // of another one
        foreign, // somebody else's, and to be passed over
    };
    LogId id{};
    Kind kind = Kind::entry;
    std::string_view bytes{}; // of an entry, see log/entry.hpp
    unsigned format = kEntryFormat;
};

// Whether it is there (nullptr: it is not), and the entry of that nonce; and
// not another branch's that has got the same id.
[[nodiscard]] bool is_entry(const LogRecord* record, uint64_t nonce);

// What stands behind an entry, as far as one reply brings it.
struct Followed {
    // That entry is still there: so nothing between it and the records was
    // trimmed. Else it is not known what is missing.
    bool is_contiguous = false;
    std::span<const LogRecord> records;
};

class LogOwner {
public:
    LogOwner() = default;
    LogOwner(const LogOwner&) = delete;
    LogOwner& operator=(const LogOwner&) = delete;

    // The log is open, and is of this lineage: another one than before where
    // entries may have been lost. Also when the lineage becomes another one
    // while it is open; then all calls have ended before.
    virtual void on_open(std::string_view lineage) = 0;
    // It was open, or could not be opened. All calls have ended before.
    virtual void on_closed(std::string_view why) = 0;

protected:
    ~LogOwner() = default;
};

class Log {
public:
    using Done = std::function<void(const LogOutcome&)>;
    // nullptr: nothing stands there; or it is not done.
    using FoundRecord =
        std::function<void(const LogOutcome&, const LogRecord*)>;
    using FoundRecords =
        std::function<void(const LogOutcome&, const Followed&)>;
    using FoundId = std::function<void(const LogOutcome&, const LogId&)>;

    Log() = default;
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    virtual ~Log() = default;

    [[nodiscard]] virtual bool is_open() const = 0;
    // While it is open.
    [[nodiscard]] virtual std::string_view lineage() const = 0;

    // All of these: false: it is not open, and nothing will be called.

    // Refused also where there is no log: an entry alone begins none.
    virtual bool append(std::string_view entry, Done done) = 0;
    virtual bool look_up(const LogId& id, FoundRecord found) = 0;
    // What stands behind `last`, as soon as there is something, but after
    // `wait_ms` at the latest (0: at once); how much of it at once is the
    // log's matter. One at a time.
    virtual bool follow(const LogId& last, int64_t wait_ms,
                        FoundRecords found) = 0;
    // The last one's; zeroes: there is none.
    virtual bool tail(FoundId found) = 0;
    // Entries before `least` may go.
    virtual bool trim(const LogId& least, Done done) = 0;

    // The connection; another one comes after a pause.
    virtual void close(std::string_view why) = 0;
};

} // namespace ws_pubsub
