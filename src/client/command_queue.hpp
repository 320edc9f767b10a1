// The commands of a client that wait: for what a hook says, for those that came
// before, for their turn to have a token checked, or for what their changes are
// answered.
//
//   add() ─▶ asked about, several at a time ─▶ run(), one after the other
//                                               └▶ take_answered()
//
// Thread safety: none; a client's own.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <optional>

#include "client/check_turns.hpp"
#include "client/hooks.hpp"

namespace ws_pubsub {

class Client;

// A protocol's own. It owns all that it needs.
class QueuedCommand {
public:
    enum class Ran : uint8_t {
        done,
        later,      // to be called again in the next turn
        must_ask,   // not without what a hook says to question()
        unanswered, // done but for an answer to come: then take_answered()
    };

    QueuedCommand() = default;
    QueuedCommand(const QueuedCommand&) = delete;
    QueuedCommand& operator=(const QueuedCommand&) = delete;
    virtual ~QueuedCommand() = default;

    // What a hook may be asked while other commands still come before; nullopt:
    // nothing, or nothing yet.
    [[nodiscard]] virtual std::optional<Question> early_question() = 0;
    // What it is to be asked since run() said so.
    [[nodiscard]] virtual Question question() const = 0;
    // Those behind it depend on what comes of it: what the client may, and who
    // it is.
    [[nodiscard]] virtual bool changes_rights() const = 0;
    // run() without a verdict has a token or a ticket checked.
    [[nodiscard]] virtual bool has_check() const = 0;
    // In its turn. `verdict`: what the hook has said; nullptr: it was not
    // asked. May close the session.
    virtual Ran run(const Verdict* verdict) = 0;
};

class CommandQueue {
public:
    // The client outlives it.
    explicit CommandQueue(Client& client) : client_(client) {}

    [[nodiscard]] bool empty() const { return entries_.empty(); }
    void add(std::unique_ptr<QueuedCommand> command);
    // Does what can be done in this turn of the client.
    void run();
    // One that has run already, and is unanswered. REQUIRES: none waits.
    void add_unanswered(std::unique_ptr<QueuedCommand> command);
    // The unanswered one, whose answer has come; those behind it go on in the
    // next turn.
    [[nodiscard]] std::unique_ptr<QueuedCommand> take_answered();
    // The unanswered one, whose answer has come, is to be run again, in the
    // next turn.
    void run_again();
    // Nothing is waited for any more. May be called from within run().
    void clear() { entries_.clear(); }

private:
    struct Entry {
        std::unique_ptr<QueuedCommand> command;
        std::unique_ptr<PendingHook> pending; // null: nothing is asked
        std::optional<Verdict> verdict;
        bool unanswered = false; // has run
        // Of its check; null: it needs none, or has not asked for it.
        std::unique_ptr<CheckTurns::Place> place;
    };

    void ask(Entry& entry, const Question& question);
    void ask_ahead();
    [[nodiscard]] bool may_run_front() const;
    bool may_check(Entry& entry);
    void run_front();

    Client& client_;
    std::list<Entry> entries_; // hooks refer to them
};

} // namespace ws_pubsub
