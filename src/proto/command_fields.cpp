#include "proto/command_fields.hpp"

#include "base/base64.hpp"
#include "base/position_text.hpp"
#include "base/topic.hpp"
#include "json/check.hpp"
#include "json/text.hpp"

namespace ws_pubsub {

namespace {

Problem read_condition(const json_t* object, Condition& condition)
{
    const json_t* wanted = json_object_get(object, "if");
    if (wanted == nullptr) {
        return std::nullopt;
    }
    if (json_is_string(wanted) && json_text(wanted) == "absent") {
        condition.kind = Condition::Kind::absent;
        return std::nullopt;
    }
    const auto at = read_position(wanted);
    if (!at) {
        return bad("if must be \"absent\" or {\"epoch\",\"seq\"}");
    }
    condition = {Condition::Kind::at, *at};
    return std::nullopt;
}

Problem read_patch(const json_t* patch, Command& command)
{
    if (!json_is_object(patch) && !json_is_array(patch)) {
        return bad("patch must be an object or an array");
    }
    command.patch =
        json_is_object(patch) ? PatchKind::merge : PatchKind::operations;
    return std::nullopt;
}

Problem read_string(const json_t* string, bool is_base64, Command& command)
{
    if (!json_is_string(string)) {
        return bad("text and b64 must be strings");
    }
    command.kind = is_base64 ? PayloadKind::binary : PayloadKind::text;
    command.decoded = json_text(string);
    if (is_base64) {
        auto bytes = decode_base64(command.decoded);
        if (!bytes) {
            return bad("b64 is not base64");
        }
        command.decoded = std::move(*bytes);
    }
    command.payload = command.decoded;
    return std::nullopt;
}

Problem read_payload(const json_t* object, std::string_view text,
                     Command& command)
{
    const json_t* data = json_object_get(object, "data");
    const json_t* plain = json_object_get(object, "text");
    const json_t* b64 = json_object_get(object, "b64");
    const json_t* patch = json_object_get(object, "patch");
    if ((data != nullptr) + (plain != nullptr) + (b64 != nullptr) +
            (patch != nullptr) !=
        1) {
        return bad("pub takes one of data, text, b64 and patch");
    }
    if (plain != nullptr || b64 != nullptr) {
        return read_string(plain != nullptr ? plain : b64, b64 != nullptr,
                           command);
    }
    command.kind = PayloadKind::json;
    command.payload = find_member(text, data != nullptr ? "data" : "patch");
    return patch != nullptr ? read_patch(patch, command) : std::nullopt;
}

Problem read_key(const json_t* object, Command& command)
{
    const json_t* key = json_object_get(object, "key");
    if (key == nullptr) {
        return std::nullopt;
    }
    if (!json_is_string(key) || json_string_length(key) == 0 ||
        json_string_length(key) > kMaxIdempotencyKeyBytes) {
        return bad("key must be a string of 1 to 128 bytes");
    }
    command.idempotency_key = json_text(key);
    return std::nullopt;
}

} // namespace

Problem read_topic(const json_t* object, bool selector, Command& command)
{
    const json_t* topic = json_object_get(object, "topic");
    if (!json_is_string(topic)) {
        return bad("topic must be a string");
    }
    command.topic = json_text(topic);
    if (selector ? !Selector::parse(command.topic) : !is_topic(command.topic)) {
        return bad(selector ? "topic is not a valid selector"
                            : "topic is not a valid topic");
    }
    return std::nullopt;
}

Problem read_ticket(const json_t* object, Command& command)
{
    const json_t* ticket = json_object_get(object, "ticket");
    if (ticket != nullptr && !json_is_string(ticket)) {
        return bad("ticket must be a string");
    }
    if (ticket != nullptr) {
        command.ticket = json_text(ticket);
    }
    return std::nullopt;
}

Problem read_auth(const json_t* object, Command& command)
{
    if (auto problem = read_ticket(object, command)) {
        return problem;
    }
    const json_t* token = json_object_get(object, "token");
    if (command.ticket && token != nullptr) {
        return bad("auth takes a token, or a topic and its ticket");
    }
    if (command.ticket) {
        command.op = Op::renew;
        return read_topic(object, true, command);
    }
    if (!json_is_string(token)) {
        return bad("token must be a string");
    }
    command.token = json_text(token);
    return std::nullopt;
}

std::optional<Position> read_position(const json_t* value)
{
    const json_t* epoch = json_object_get(value, "epoch");
    const auto seq = json_whole(json_object_get(value, "seq"));
    if (!json_is_string(epoch) || !seq) {
        return std::nullopt;
    }
    // Any text may be the epoch of a zone that is no more.
    return Position{parse_epoch(json_text(epoch)).value_or(UINT64_MAX), *seq};
}

Problem read_publish(const json_t* object, std::string_view text,
                     Command& command)
{
    if (auto problem = read_topic(object, false, command)) {
        return problem;
    }
    if (auto problem = read_payload(object, text, command)) {
        return problem;
    }
    if (auto problem = read_condition(object, command.condition)) {
        return problem;
    }
    return read_key(object, command);
}

std::optional<Error> read_publication(std::string_view line, Command& command)
{
    json_error_t error;
    const JsonValue object = parse_json(line, 0, error);
    if (!json_is_object(object.get())) {
        return bad(object == nullptr ? json_fault(line) : "not a JSON object");
    }
    command.op = Op::publish;
    return read_publish(object.get(), line, command);
}

} // namespace ws_pubsub
