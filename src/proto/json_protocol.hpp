// json.wspubsub.v1: commands and replies in JSON. docs/protocol.md describes
// it.
#pragma once

#include <string>

#include "proto/command.hpp"
#include "proto/pages.hpp"
#include "proto/protocol.hpp"

namespace ws_pubsub {

class JsonProtocol final : public Protocol {
public:
    static constexpr std::string_view kName = "json.wspubsub.v1";

    explicit JsonProtocol(ClientContext context);

    void on_open() override {}
    void on_message(bool binary, std::string_view payload) override;
    [[nodiscard]] bool is_tired() const override { return effort_left_ <= 0; }
    void begin_turn() override;
    FrameRef farewell(uint16_t code, std::string_view reason,
                      int64_t after_ms) override;

private:
    void run(CommandReader::Kind kind, CommandReader& reader);
    void execute(const Command& command);
    void subscribe(const Command& command);
    void unsubscribe(const Command& command);
    void publish(const Command& command);
    void get(const Command& command);
    void history(const Command& command);
    void who(const Command& command);

    [[nodiscard]] PageLimits page_limits(const Command& command) const;
    void begin_ok(const Command& command);
    void end_ok(const Command& command);
    void refuse(const Command& command, const Error& error);
    void send(std::string_view json);

    ClientContext context_;
    TokenBucket bucket_;
    std::string json_;
    std::string rest_;    // commands for the next turn
    int effort_left_ = 0; // in this turn
};

} // namespace ws_pubsub
