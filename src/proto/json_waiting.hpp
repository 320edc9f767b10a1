// A command of json.wspubsub.v1 that waits for its turn.
#pragma once

#include <memory>
#include <optional>

#include "proto/json_protocol.hpp"

namespace ws_pubsub {

// What a hook may be asked of the command; nullopt: nothing. Refers to it.
std::optional<Question> question_of(const Command& command);
// The same, where it has to be asked before the client may do that.
std::optional<Question> needed_question(const Client& client,
                                        const Command& command);
// Before a command is done with positions of which this host does not know one:
// what has to be waited for first. nullptr: nothing.
std::unique_ptr<PendingChange> needed_catch_up(Client& client,
                                               const Command& command);

class JsonProtocol::Waiting final : public QueuedCommand {
public:
    // The protocol outlives it. `fault`: why it can't be done; null: it may.
    Waiting(JsonProtocol& protocol, const Command& command, const Error* fault)
        : protocol_(protocol), command_(command),
          fault_(fault == nullptr ? std::nullopt : std::optional(*fault))
    {
        command_.own_payload();
    }

    std::optional<Question> early_question() override;
    [[nodiscard]] Question question() const override
    {
        return *question_of(command_);
    }
    [[nodiscard]] bool changes_rights() const override
    {
        return command_.op == Op::authenticate;
    }
    [[nodiscard]] bool has_check() const override
    {
        return protocol_.has_check(command_, fault_ ? &*fault_ : nullptr);
    }
    Ran run(const Verdict* verdict) override;
    // It has run, and is answered with that; or it is to be run once that is
    // answered.
    void await_answer(Pending pending);

private:
    JsonProtocol& protocol_;
    Command command_;
    std::optional<Error> fault_;
    bool has_caught_up_ = false;
    Pending pending_; // null: it is not unanswered
};

} // namespace ws_pubsub
