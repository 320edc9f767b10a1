// What json.wspubsub.v1 answers, as text, and on its way to the client.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/session.hpp"
#include "client/standing.hpp"
#include "proto/command.hpp"
#include "wire/framing.hpp"

namespace ws_pubsub {

class JsonReplies {
public:
    // Both outlive it.
    JsonReplies(Session& session, Framing& framing)
        : session_(session), framing_(framing)
    {}

    // `{"id":…,"ok":` — the caller appends the value to text(); then end_ok()
    // sends it, to who has given an id.
    void begin_ok(const Command& command);
    void end_ok(const Command& command);
    [[nodiscard]] std::string& text() { return json_; }

    // A whole one each.
    void done(const Command& command);
    void pong(const Command& command);
    void authenticated(const Command& command, const Authenticated& who);
    void refuse(const Command& command, const Error& error);
    // Not sent.
    FrameRef bye(uint16_t code, std::string_view reason, int64_t after_ms);

    // Gives back the memory that a long one took.
    void keep_little();

private:
    [[nodiscard]] FrameRef frame();
    void send() { session_.send(frame()); }

    Session& session_;
    Framing& framing_;
    std::string json_;
};

} // namespace ws_pubsub
