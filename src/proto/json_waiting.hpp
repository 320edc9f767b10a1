// A command of json.wspubsub.v1 that waits for its turn.
#pragma once

#include <optional>

#include "proto/json_protocol.hpp"

namespace ws_pubsub {

// What a hook may be asked of the command; nullopt: nothing. Refers to it.
std::optional<Question> question_of(const Command& command);
// The same, where it has to be asked before the client may do that.
std::optional<Question> needed_question(const Client& client,
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
    Ran run(const Verdict* verdict) override;

private:
    JsonProtocol& protocol_;
    Command command_;
    std::optional<Error> fault_;
};

} // namespace ws_pubsub
