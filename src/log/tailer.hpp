// Follows a log for a host: brings its entries to the zone, and says when
// others of the host may append.
//
// One worker of a host does it; where two do, for a short time, that is
// harmless (log/applier.hpp). Over each new connection, and wherever the log's
// lineage has changed, it looks first whether what the zone has is still there;
// reads up to the end; sees to it that the lineage's term is in the log; and
// only then lets clients be served and others append. Where the zone does not
// go on from what is there, its owner makes it do so (log/joining.hpp).
//
// Thread safety: none; a worker's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "log/announcer.hpp"
#include "log/applier.hpp"
#include "log/cell_answers.hpp"
#include "log/joining_owner.hpp"
#include "log/log.hpp"
#include "log/loss.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

class TailerOwner {
public:
    TailerOwner() = default;
    TailerOwner(const TailerOwner&) = delete;
    TailerOwner& operator=(const TailerOwner&) = delete;

    // Tailer::run() is to be called after so long, 0: in the next turn; one
    // such call at a time is kept, the earliest.
    virtual void run_tailer_in(int64_t ms) = 0;
    // What operators should know; the zone's name goes before it.
    virtual void log(LogLevel level, std::string_view text) = 0;
    // What the zone has is not in the log, or it has nothing: Tailer::joined()
    // is to be called once it goes on from there; until then nothing is read.
    // The connection may end meanwhile, and another one come.
    virtual void join() = 0;
    virtual void stop_joining() = 0;
    // At the log's end, over a connection; and no more.
    virtual void begin_following() = 0;
    virtual void end_following() = 0;
    // Those of all of the host's workers, since nothing is right any more.
    virtual void send_sessions_away() = 0;
    // An entry was applied. `changes`: it may have changed a topic.
    virtual void applied(const LogId& id, size_t bytes, bool changes) = 0;
    // Whether the next one may be.
    [[nodiscard]] virtual bool may_apply() const = 0;

protected:
    ~TailerOwner() = default;
};

class Tailer final : public LogOwner {
public:
    // All of them outlive it. `following`: the log that this is the owner of;
    // `appending`: that of the worker's changes; `host`: the host's own clock.
    Tailer(Store& store, const TailerHost& self, Log& following, Log& appending,
           const Clock& host, TailerOwner& owner);

    void on_open(std::string_view lineage) override;
    void on_closed(std::string_view why) override;
    // Does what is due, a little of it.
    void run();
    // Whether other hosts are to be told something of this one's people, which
    // the worker was maybe woken for; without the lock.
    [[nodiscard]] bool has_news() const { return announcer_.has_news(); }
    // Tells them, as far as that can be done now.
    void tell_news();
    // This host is about to end, and says so.
    void leave();

    // From join().
    void joined(const Joined& joined);
    // Nothing goes on before somebody has looked at it. Tried again after some
    // time.
    void be_stuck(const std::string& why);

    Applier& applier() { return applier_; }

private:
    enum class Phase : uint8_t {
        closed,
        looking,   // for the zone's last entry
        joining,   // the owner's matter
        reading,   // up to the end
        beginning, // a term
        following,
        stuck
    };

    struct Read {
        LogId id{};
        LogRecord::Kind kind{};
        unsigned format = 0;
        size_t begin = 0; // in bytes_
        size_t size = 0;
    };

    void leave_phase();
    void look_up();
    void take_look_up(const LogOutcome& outcome, const LogRecord* record);
    void must_join();
    void read_on();
    void take(const LogOutcome& outcome, const Followed& followed);
    void keep(const LogRecord& record);
    bool apply_some();
    bool apply(const Read& read);
    void at_end();
    void begin_term(bool forced);
    void follow_after(size_t brought);
    void refused(const LogOutcome& outcome);
    void say_that_it_follows();
    void note(const Read& read, const LogEntry& entry);

    Store& store_;
    Log& following_;
    const Clock& host_;
    TailerOwner& owner_;
    CellAnswers answers_;
    Applier applier_;
    Announcer announcer_;

    Phase phase_ = Phase::closed;
    std::string lineage_; // of the connection
    LogId position_{};    // up to which was read
    std::vector<Read> read_;
    std::string bytes_;
    size_t next_ = 0;                // in read_
    bool paused_ = false;            // before the next reading
    bool is_reading_ = false;        // an answer of follow() is to come
    int64_t read_ms_ = 0;            // when the last reading came back
    std::optional<int64_t> down_ms_; // since when the log is not reached
    std::string down_why_;
    std::string told_; // why it is stuck
    Loss loss_;
    std::optional<Joined> joined_; // until that was told
    uint64_t joined_entries_ = 0;  // applied since
};

} // namespace ws_pubsub
