// json.wspubsub.v1: commands and replies in JSON. docs/protocol.md describes
// it.
#pragma once

#include <memory>
#include <string>

#include "client/command_queue.hpp"
#include "proto/command.hpp"
#include "proto/json_replies.hpp"
#include "proto/pages.hpp"
#include "proto/protocol.hpp"

namespace ws_pubsub {

class JsonProtocol final : public Protocol {
public:
    // Both outlive it.
    JsonProtocol(Client& client, Framing& framing);
    JsonProtocol(const JsonProtocol&) = delete;
    JsonProtocol& operator=(const JsonProtocol&) = delete;
    ~JsonProtocol() override;

    void on_open() override {}
    void on_message(bool binary, std::string_view payload) override;
    void begin_turn() override;
    void stop() override;
    FrameRef farewell(uint16_t code, std::string_view reason,
                      int64_t after_ms) override;

private:
    using Ran = QueuedCommand::Ran;
    class Waiting;

    std::string_view run(CommandReader::Kind kind, CommandReader& reader);
    void take(const Command& command, const Error* fault);
    [[nodiscard]] bool has_check(const Command& command,
                                 const Error* fault) const;
    [[nodiscard]] bool may_check_now(const Command& command,
                                     const Error* fault) const;
    CommandQueue& queue();
    void wait(const Command& command, const Error* fault);
    // `has_caught_up`: it has waited for what others have done. `pending`: set
    // where it is unanswered.
    using Pending = std::unique_ptr<PendingChange>;
    Ran execute(const Command& command, const Error* fault,
                const Verdict* verdict, bool has_caught_up, Pending& pending);
    Ran carry_out(const Command& command, const Verdict* verdict,
                  Pending& pending);
    Ran unsubscribe(const Command& command);
    [[nodiscard]] std::optional<Error> show_permit(const Command& command,
                                                   const Verdict* verdict);
    void subscribe(const Command& command);
    Ran publish(const Command& command, const Verdict* verdict,
                Pending& pending);
    void answer_published(const Command& command,
                          const Result<ChangeAnswer>& published);
    void get(const Command& command);
    void authenticate(const Command& command);
    void renew(const Command& command);

    struct Long;
    void begin_long(const Command& command, const Selector& selector);
    bool step(Long& command, size_t& left);
    bool go_on_subscribing(Long& command, size_t& left);
    bool go_on_getting(Long& command, size_t& left);
    void answer_subscribed(const Command& command,
                           const Result<Subscribed>& subscribed);
    void history(const Long& command);
    void who(const Long& command);

    [[nodiscard]] PageLimits page_limits(const Command& command) const;

    Client& client_;
    JsonReplies replies_;
    std::string rest_;                    // commands for later turns,
    size_t rest_done_ = 0;                // but for so much of it
    std::unique_ptr<CommandQueue> queue_; // before these; null: none waits
    std::unique_ptr<Long> long_; // before both; null: none takes several turns
};

extern const ProtocolKind kJsonProtocol;

} // namespace ws_pubsub
