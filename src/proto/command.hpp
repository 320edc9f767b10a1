// The commands of json.wspubsub.v1, out of the text of a frame.
//
// docs/protocol.md says what each means. Nothing is executed here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "broker/session.hpp"

namespace ws_pubsub {

enum class Op : uint8_t {
    subscribe,
    unsubscribe,
    publish,
    get,
    history,
    who,
    ping
};

struct Command {
    std::string id; // as JSON text; empty: none
    Op op = Op::ping;
    std::string topic; // or selector

    SubscribeOptions options; // subscribe; history uses options.start.from
    std::string after;        // get
    size_t limit = 0;         // get, history; 0: not said

    PayloadKind kind = PayloadKind::json; // publish
    std::string payload;
    Condition condition;
    std::string idempotency_key;
};

// Reads one command after the other.
class CommandReader {
public:
    enum class Kind : uint8_t {
        command,       // command() is whole
        bad,           // an object, but no command: error(); command().id
        not_an_object, // the session must end
        end,
    };

    // `text` must stay until the last call.
    explicit CommandReader(std::string_view text) : rest_(text) {}

    Kind next();
    [[nodiscard]] const Command& command() const { return command_; }
    [[nodiscard]] const Error& error() const { return error_; }
    // What was not read yet.
    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
    Command command_;
    Error error_{};
};

// Whether `text` is one JSON value (RFC 8259), whatever its kind.
bool is_json(std::string_view text);

} // namespace ws_pubsub
