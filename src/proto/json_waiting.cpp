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

std::unique_ptr<PendingChange> needed_catch_up(Client& client,
                                               const Command& command)
{
    const Start& start = command.options.start;
    if (command.op == Op::history && start.from.kind == ReadFrom::Kind::after) {
        return client.membership().catch_up(command.topic, start.from.after);
    }
    if (command.op == Op::subscribe) {
        for (const auto& [topic, at] : start.positions) {
            if (auto pending = client.membership().catch_up(topic, at)) {
                return pending;
            }
        }
    }
    return nullptr;
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
    Pending pending;
    const Ran ran = protocol_.execute(command_, fault_ ? &*fault_ : nullptr,
                                      verdict, has_caught_up_, pending);
    if (ran == Ran::unanswered) {
        await_answer(std::move(pending));
    }
    return ran;
}

// What ends the session, be it the reply, clears the queue.
void JsonProtocol::Waiting::await_answer(Pending pending)
{
    pending_ = std::move(pending);
    pending_->then([this](const Result<ChangeAnswer>& answer) {
        if (command_.op != Op::publish) {
            const auto waited = std::move(pending_); // ends with this call
            has_caught_up_ = true;
            fault_ = answer ? std::nullopt : std::optional(answer.error());
            return protocol_.queue_->run_again();
        }
        const auto itself = protocol_.queue_->take_answered();
        protocol_.answer_published(command_, answer);
        protocol_.replies_.keep_little();
    });
}

} // namespace ws_pubsub
