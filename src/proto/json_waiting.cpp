#include "proto/json_waiting.hpp"

namespace ws_pubsub {

std::optional<Question> question_of(const Command& command)
{
    Question question;
    question.op = name_of(command.op);
    question.topic = command.topic;
    switch (command.op) {
    case Op::subscribe:
    case Op::get:
    case Op::history:
    case Op::who:
        return question;
    case Op::publish:
        question.about = Question::About::publish;
        question.kind = command.kind;
        question.payload = command.payload;
        question.patch = command.patch;
        return question;
    default:
        return std::nullopt;
    }
}

std::optional<Question> needed_question(const Client& client,
                                        const Command& command)
{
    if (!client.settings().hooks.has_any()) {
        return std::nullopt;
    }
    auto asked = question_of(command);
    return asked && client.standing().must_ask(asked->about, asked->topic)
               ? asked
               : std::nullopt;
}

// A ticket is looked at in its turn: it may be enough.
std::optional<Question> JsonProtocol::Waiting::early_question()
{
    Client& client = protocol_.client_;
    if (fault_ || command_.ticket || client.standing().awaits_token()) {
        return std::nullopt;
    }
    client.standing().put_permit_away(); // of a command that was done before
    return needed_question(client, command_);
}

QueuedCommand::Ran JsonProtocol::Waiting::run(const Verdict* verdict)
{
    return protocol_.execute(command_, fault_ ? &*fault_ : nullptr, verdict);
}

} // namespace ws_pubsub
