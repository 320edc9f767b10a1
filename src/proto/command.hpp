// The commands of json.wspubsub.v1, out of the text of a frame.
//
// docs/protocol.md says what each means. Nothing is executed here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "broker/subscription.hpp"
#include "json/patch.hpp"

namespace ws_pubsub {

enum class Op : uint8_t {
    subscribe,
    unsubscribe,
    publish,
    get,
    history,
    who,
    ping,
    authenticate,
    renew
};

// As it is written; `renew` is an `auth` too.
std::string_view name_of(Op op);

struct Command {
    std::string id; // as JSON text; empty: none
    Op op = Op::ping;
    std::string topic; // or selector

    SubscribeOptions options; // subscribe; history uses options.start.from
    std::string after;        // get
    size_t limit = 0;         // get, history; 0: not said

    PayloadKind kind = PayloadKind::json; // publish
    std::string_view payload; // in the text that was read, or in `decoded`
    std::string decoded;
    std::optional<PatchKind> patch; // of `payload`, to the kept value
    Condition condition;
    std::string idempotency_key;

    std::string token;                 // authenticate
    std::optional<std::string> ticket; // of all but unsubscribe and ping

    // From here on its payload is its own. REQUIRES: the text that it was read
    // from is still there; it is not copied or moved any more.
    void own_payload()
    {
        decoded = std::string(payload);
        payload = decoded;
    }
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

    // Ends the life of the command before.
    Kind next();
    [[nodiscard]] const Command& command() const { return command_; }
    [[nodiscard]] const Error& error() const { return error_; }
    // What was not read yet.
    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    Kind next_unreadable();

    std::string_view rest_;
    Command command_;
    Error error_{};
};

// Reads what a publish says from an object without an op, as a line of a batch
// is: topic, one of data, text, b64 and patch, if, key. The error, if it is no
// such object. `line` must stay as long as the command, which must not move.
std::optional<Error> read_publication(std::string_view line, Command& command);

} // namespace ws_pubsub
