// The commands of a client that wait: for what a hook says, or for those that
// came before.
//
//   add() ─▶ asked about, several at a time ─▶ run(), one after the other
//
// Thread safety: none; a client's own.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <optional>

#include "client/hooks.hpp"

namespace ws_pubsub {

class Client;

// A protocol's own. It owns all that it needs.
class QueuedCommand {
public:
    enum class Ran : uint8_t {
        done,
        later,    // to be called again in the next turn
        must_ask, // not without what a hook says to question()
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
    // Nothing is waited for any more. May be called from within run().
    void clear() { entries_.clear(); }

private:
    struct Entry {
        std::unique_ptr<QueuedCommand> command;
        std::unique_ptr<PendingHook> pending; // null: nothing is asked
        std::optional<Verdict> verdict;
    };

    void ask(Entry& entry, const Question& question);
    void ask_ahead();
    void run_front();

    Client& client_;
    std::list<Entry> entries_; // hooks refer to them
};

} // namespace ws_pubsub
