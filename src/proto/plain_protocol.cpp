#include "proto/plain_protocol.hpp"

#include "proto/publish.hpp"

namespace ws_pubsub {

const ProtocolKind kPlainProtocol{
    "plain",
    {},
    kPlainDialect,
    [](Client& client, FrameWriter& /*writer*/,
       const std::string& topic) -> std::unique_ptr<Protocol> {
        return std::make_unique<PlainProtocol>(client, topic);
    }};

// A message that a hook is asked about, or that comes after one.
class PlainProtocol::Waiting final : public QueuedCommand {
public:
    Waiting(PlainProtocol& protocol, PayloadKind kind, std::string_view payload)
        : protocol_(protocol), kind_(kind), payload_(payload)
    {}

    std::optional<Question> early_question() override { return question(); }
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
    Ran run(const Verdict* verdict) override
    {
        protocol_.client_.effort().spend(1);
        protocol_.publish(kind_, payload_, verdict);
        return Ran::done;
    }

private:
    PlainProtocol& protocol_;
    PayloadKind kind_;
    std::string payload_;
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
    client_.standing().put_permit_away();
    if (must_ask()) {
        wait(kind, payload);
    } else {
        publish(kind, payload, nullptr);
    }
}

void PlainProtocol::wait(PayloadKind kind, std::string_view payload)
{
    if (queue_ == nullptr) {
        queue_ = std::make_unique<CommandQueue>(client_);
    }
    client_.effort().spend(1);
    queue_->add(std::make_unique<Waiting>(*this, kind, payload));
    queue_->run(); // where it can't be asked
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

void PlainProtocol::publish(PayloadKind kind, std::string_view payload,
                            const Verdict* verdict)
{
    if (verdict != nullptr && verdict->refusal) {
        return end(verdict->error());
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
    const auto published = client_.publish(request);
    if (!published) {
        end(published.error());
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
    case Errc::unavailable:
        return client_.close(EndCause::unavailable, why.message);
    default:
        return client_.close(EndCause::internal_error, why.message);
    }
}

} // namespace ws_pubsub
