#include "proto/plain_protocol.hpp"

#include "proto/publish.hpp"

namespace ws_pubsub {

const ProtocolKind kPlainProtocol{
    "plain",
    {},
    kPlainDialect,
    [](Client& client, Framing& /*framing*/,
       const std::string& topic) -> std::unique_ptr<Protocol> {
        return std::make_unique<PlainProtocol>(client, topic);
    }};

// A message that a hook is asked about, that is not answered yet, or that comes
// after one.
class PlainProtocol::Waiting final : public QueuedCommand {
public:
    Waiting(PlainProtocol& protocol, PayloadKind kind, std::string_view payload)
        : protocol_(protocol), kind_(kind), payload_(payload)
    {}

    std::optional<Question> early_question() override
    {
        return protocol_.must_ask_anew() ? std::optional(question())
                                         : std::nullopt;
    }
    [[nodiscard]] Question question() const override
    {
        Question question;
        question.about = Question::About::publish;
        question.op = "pub";
        question.topic = protocol_.topic_;
        question.kind = kind_;
        question.payload = payload_;
        return question;
    }
    [[nodiscard]] bool changes_rights() const override { return false; }
    [[nodiscard]] bool has_check() const override { return false; }
    Ran run(const Verdict* verdict) override
    {
        protocol_.client_.effort().spend(1);
        if (verdict == nullptr && protocol_.must_ask_anew()) {
            return Ran::must_ask;
        }
        Outcome outcome = protocol_.publish(kind_, payload_, verdict);
        if (outcome.is_pending()) {
            await_answer(outcome.take_pending());
            return Ran::unanswered;
        }
        protocol_.take(outcome.answer());
        return Ran::done;
    }
    // It has run.
    void await_answer(std::unique_ptr<PendingChange> pending)
    {
        pending_ = std::move(pending);
        pending_->then([this](const Result<ChangeAnswer>& answer) {
            const auto itself = protocol_.queue_->take_answered();
            protocol_.take(answer); // may clear the queue
        });
    }

private:
    PlainProtocol& protocol_;
    PayloadKind kind_;
    std::string payload_;
    std::unique_ptr<PendingChange> pending_; // null: it is not unanswered
};

// One that may only publish is not told that it may not listen.
void PlainProtocol::on_open()
{
    const auto selector = Selector::parse(topic_);
    if (!selector ||
        !client_.standing().to_read(*selector).may_subscribe(*selector)) {
        return;
    }
    const auto subscribed = client_.subscribe(*selector, {});
    if (!subscribed) {
        const bool limited = subscribed.error().code == Errc::limit;
        client_.close(limited ? EndCause::policy : EndCause::internal_error,
                      subscribed.error().message);
        return;
    }
    client_.start(*subscribed->subscription);
}

void PlainProtocol::on_message(bool binary, std::string_view payload)
{
    if (!client_.begin_command()) {
        return client_.close(EndCause::policy, "too many messages");
    }
    const PayloadKind kind = binary ? PayloadKind::binary : PayloadKind::text;
    if (must_ask_anew() || (queue_ != nullptr && !queue_->empty())) {
        return wait(kind, payload);
    }
    Outcome outcome = publish(kind, payload, nullptr);
    if (!outcome.is_pending()) {
        return take(outcome.answer());
    }
    auto waiting = std::make_unique<Waiting>(*this, kind, payload);
    waiting->await_answer(outcome.take_pending());
    queue().add_unanswered(std::move(waiting));
}

CommandQueue& PlainProtocol::queue()
{
    if (queue_ == nullptr) {
        queue_ = std::make_unique<CommandQueue>(client_);
    }
    return *queue_;
}

void PlainProtocol::wait(PayloadKind kind, std::string_view payload)
{
    client_.effort().spend(1);
    queue().add(std::make_unique<Waiting>(*this, kind, payload));
    queue().run(); // where it can't be asked
}

void PlainProtocol::begin_turn()
{
    if (queue_ != nullptr) {
        queue_->run();
    }
}

void PlainProtocol::stop()
{
    if (queue_ != nullptr) {
        queue_->clear();
    }
}

Outcome PlainProtocol::publish(PayloadKind kind, std::string_view payload,
                               const Verdict* verdict)
{
    if (verdict != nullptr && verdict->refusal) {
        return verdict->error();
    }
    PublishRequest request;
    request.topic = topic_;
    request.kind = kind;
    request.payload = payload;
    if (verdict != nullptr) {
        client_.standing().show_verdict(Question::About::publish, topic_);
        if (verdict->payload) {
            replace_payload(request, *verdict->payload);
        }
    }
    return client_.publish(request);
}

// A message is not answered, but for an error, which ends the session.
void PlainProtocol::take(const Result<ChangeAnswer>& answer)
{
    if (!answer) {
        end(answer.error());
    }
}

void PlainProtocol::end(const Error& why)
{
    switch (why.code) {
    case Errc::denied:
        return client_.close(EndCause::policy, "publishing is not allowed");
    case Errc::bad_request:
    case Errc::rate:
        return client_.close(EndCause::policy, why.message);
    case Errc::limit:
        return client_.close(EndCause::too_big, why.message);
    case Errc::unavailable:
    case Errc::unknown:
        return client_.close(EndCause::unavailable, why.message);
    default:
        return client_.close(EndCause::internal_error, why.message);
    }
}

} // namespace ws_pubsub
