// Appends a worker's changes to the log that several hosts share, and tells
// those who wait what came of them.
//
// The answer is not that the log has the change, but what it did once it was
// applied here (readers/answers.hpp). Changes are appended in their order, over
// one connection. Over the next one all that are not answered are appended
// again: their numbers make that harmless. Where the log refuses one it is
// tried again after a pause, with all behind it.
//
// A change that is not answered in time is told to be unavailable, where it can
// not have been done, else unknown; it is not appended again.
//
// Thread safety: none; a worker's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "log/log.hpp"
#include "readers/store.hpp"
#include "topics/committer.hpp"

namespace ws_pubsub {

inline constexpr Error kCantNow{Errc::unavailable,
                                "can't be done now, and was not"};

// What drives an appender.
class AppenderTurns {
public:
    AppenderTurns() = default;
    AppenderTurns(const AppenderTurns&) = delete;
    AppenderTurns& operator=(const AppenderTurns&) = delete;

    // Appender::run() is to be called after so long; one such call at a time is
    // kept, the earliest.
    virtual void run_appender_in(int64_t ms) = 0;

protected:
    ~AppenderTurns() = default;
};

struct AppenderLimits {
    int64_t wait_ms = kDefaultClusterWaitMs; // for an answer
    size_t pending_bytes = kDefaultClusterPending;
};

class Appender final : public Committer, public LogOwner {
public:
    // All of them outlive it. `host`: the host's own clock.
    Appender(Store& store, WorkerId worker, const AppenderLimits& limits,
             const Clock& host, AppenderTurns& turns);
    Appender(const Appender&) = delete;
    Appender& operator=(const Appender&) = delete;
    ~Appender() override;

    // False: the zone is full. REQUIRES: the log, of which this is the owner,
    // lives until the appender ends.
    bool begin(Log& log);

    // Errors: unavailable; limit, it is too big for a log. Unknown comes later.
    Outcome commit(const Change& change) override;
    [[nodiscard]] bool serves() const override
    {
        return store_.following.serves();
    }
    std::unique_ptr<PendingChange> catch_up() override;

    void on_open(std::string_view lineage) override;
    void on_closed(std::string_view why) override;

    // Whether there are answers, without the lock: to be asked after the worker
    // was woken.
    [[nodiscard]] bool may_have_answers() const
    {
        return !waiting_.empty() && store_.answers.has_any(worker_, answered_);
    }
    // Tells what was answered.
    void take_answers();
    // Does what is due.
    void run();
    [[nodiscard]] bool is_idle() const { return waiting_.empty(); }

private:
    class Pending;
    class CatchingUp;

    struct Waiting {
        uint64_t number = 0;
        std::string bytes; // the entry
        int64_t due_ms = 0;
        uint32_t attempts = 0; // that may have come to the log
        Pending* by = nullptr; // null: nobody wants to know
    };

    [[nodiscard]] bool has_room(size_t bytes) const;
    void append_all();
    bool append(Waiting& waiting);
    void take(uint64_t number, const LogOutcome& outcome);
    void pause();
    void end(Waiting& waiting, const Result<ChangeAnswer>& answer);
    void end_first(const Result<ChangeAnswer>& answer);
    void end_due(int64_t now_ms);
    void ask_tail();
    void end_catching_up(int64_t now_ms);
    Waiting* find(uint64_t number);

    Store& store_;
    const WorkerId worker_;
    const AppenderLimits limits_;
    const Clock& host_;
    AppenderTurns& turns_;
    Log* log_ = nullptr;
    const uint64_t origin_;
    uint64_t next_nonce_;
    uint64_t next_number_ = 1;
    uint64_t appended_ = 0; // the last number that was, over this connection
    uint64_t answered_ = 0; // the last number that was, of the zone's answers
    uint64_t resent_up_to_ = 0;   // the last number that was ever appended
    int64_t pause_ms_ = 0;        // the last one, after a refusal
    int64_t paused_until_ms_ = 0; // 0: it is not
    size_t bytes_ = 0;            // of those that wait
    std::deque<Waiting> waiting_; // by number
    std::vector<NumberedAnswer> answers_;
    std::vector<CatchingUp*> catching_up_;
    uint64_t questions_ = 0; // for the log's tail, ever
};

} // namespace ws_pubsub
