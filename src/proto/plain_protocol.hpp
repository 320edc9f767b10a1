// Plain frames: each is a message of the endpoint's one topic.
#pragma once

#include <memory>
#include <string>

#include "client/command_queue.hpp"
#include "proto/protocol.hpp"

namespace ws_pubsub {

class PlainProtocol final : public Protocol {
public:
    // The client outlives it.
    PlainProtocol(Client& client, std::string topic)
        : client_(client), topic_(std::move(topic))
    {}

    void on_open() override;
    void on_message(bool binary, std::string_view payload) override;
    void begin_turn() override;
    void stop() override;

private:
    class Waiting;

    // Whatever was said of the message before.
    [[nodiscard]] bool must_ask_anew()
    {
        client_.standing().put_permit_away();
        return client_.standing().must_ask(Question::About::publish, topic_);
    }
    CommandQueue& queue();
    void wait(PayloadKind kind, std::string_view payload);
    // Error: one of the verdict, too.
    Outcome publish(PayloadKind kind, std::string_view payload,
                    const Verdict* verdict);
    void take(const Result<ChangeAnswer>& answer);
    void end(const Error& why);

    Client& client_;
    std::string topic_;
    std::unique_ptr<CommandQueue> queue_; // null: no message has waited
};

extern const ProtocolKind kPlainProtocol;

} // namespace ws_pubsub
