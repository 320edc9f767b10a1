// Commands and their replies in order, between whoever asks and a connection
// to Redis: bytes go out, bytes come in. It knows no socket and no clock.
//
// Each command that was taken ends exactly once: with its reply, or with the
// pipeline. Replies come in the order of commands, so one that is late, which
// its deadline tells, holds up all behind it: the owner then ends the pipeline.
//
// What is called back may add commands and end the pipeline, but not destroy
// it. Thread safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "redis/command.hpp"
#include "redis/reply.hpp"
#include "redis/resp_reader.hpp"

namespace ws_pubsub::redis {

// How a command has ended. An error that Redis answers is a reply, too.
struct Ending {
    // Until the callback returns. None: the pipeline has ended before.
    std::optional<Reply> reply;
    // Without a reply: whether Redis may have it.
    bool was_sent = true;
    std::string_view why{}; // without a reply
};

class Pipeline {
public:
    using Callback = std::function<void(const Ending&)>;

    static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

    explicit Pipeline(const ReplyLimits& limits = {}) : reader_(limits) {}

    // False: it has ended, and the callback is not kept. What throws for want
    // of memory keeps it neither.
    bool add(const Command& command, int64_t deadline_ms, Callback callback);

    // What is to be written next; empty: nothing. It stays the same, and in its
    // place, until all of it is written, whatever is added: so TLS wants it.
    [[nodiscard]] std::string_view outgoing();
    void note_written(size_t bytes);

    // Reads what has come and calls back. False: it can't be read, fault() says
    // why.
    bool take(std::string_view bytes);
    [[nodiscard]] std::string_view fault() const { return fault_; }

    // Of those that wait, the one that is due first; or kNever.
    [[nodiscard]] int64_t deadline_ms() const;
    [[nodiscard]] size_t waiting() const { return waiting_.size(); }
    // Bytes that are not written yet.
    [[nodiscard]] size_t unsent() const
    {
        return static_cast<size_t>(queued_ - written_);
    }

    // Calls back all that wait; no more is taken. If that throws, those that
    // are left wait for another call.
    void end(std::string_view why);

private:
    struct Waiting {
        uint64_t begin; // where it begins and ends, in all bytes ever queued
        uint64_t end;
        Callback callback;
    };
    struct Due {
        uint64_t begin; // of the command
        int64_t ms;
    };

    Waiting pop();
    bool answer(const Reply& reply);

    RespReader reader_;
    std::deque<Waiting> waiting_;
    // Deadlines that are earlier than all of later commands.
    std::deque<Due> dues_;
    std::string writing_; // as it was handed out
    size_t begin_ = 0;    // of what is left of that
    std::string next_;    // behind it
    uint64_t queued_ = 0; // bytes, ever
    uint64_t written_ = 0;
    std::string fault_;
    bool has_ended_ = false;
};

} // namespace ws_pubsub::redis
