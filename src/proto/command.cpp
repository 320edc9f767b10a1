#include "proto/command.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/topic.hpp"
#include "json/check.hpp"
#include "json/grammar.hpp"
#include "json/text.hpp"
#include "proto/command_fields.hpp"

namespace ws_pubsub {

namespace {

// An integer as it is written, which parse_json() may have made a real.
std::optional<int64_t> read_integer(std::string_view text)
{
    int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    return result.ec == std::errc{} && result.ptr == end ? std::optional(value)
                                                         : std::nullopt;
}

// `text` is that of the object.
Problem read_id(std::string_view text, Command& command)
{
    const std::string_view member = find_member(text, "id");
    if (member.empty()) {
        return std::nullopt;
    }
    if (const auto integer = read_integer(member)) {
        command.id = std::to_string(*integer);
        return std::nullopt;
    }
    json_error_t error;
    const JsonValue id = parse_json(member, JSON_DECODE_ANY, error);
    if (const auto number = json_whole(id.get())) {
        command.id = std::to_string(*number);
        return std::nullopt;
    }
    if (!json_is_string(id.get()) ||
        json_string_length(id.get()) > kMaxCommandIdBytes) {
        return bad("id must be an integer or a string of up to 64 bytes");
    }
    append_json_string(command.id, json_text(id.get()));
    return std::nullopt;
}

// {"last":n} or {"epoch","seq"}.
bool read_from(const json_t* since, ReadFrom& from)
{
    if (const auto last = json_whole(json_object_get(since, "last"))) {
        from.kind = ReadFrom::Kind::last;
        from.last =
            static_cast<uint32_t>(std::min<uint64_t>(*last, UINT32_MAX));
        return true;
    }
    const auto at = read_position(since);
    from.kind = ReadFrom::Kind::after;
    from.after = at.value_or(Position{});
    return at.has_value();
}

Problem read_positions(const json_t* object, Start& start)
{
    json_t* positions = json_object_get(object, "positions");
    if (positions == nullptr) {
        return std::nullopt;
    }
    if (!json_is_object(positions)) {
        return bad("positions must be an object");
    }
    const char* topic = nullptr;
    json_t* value = nullptr;
    json_object_foreach(positions, topic, value)
    {
        const auto at = read_position(value);
        if (!is_topic(topic) || !at) {
            return bad("positions must map topics to epoch and seq");
        }
        start.positions.emplace(topic, *at);
    }
    return std::nullopt;
}

// How the messages are to come: delta, rate.
Problem read_delivery(const json_t* object, SubscribeOptions& options)
{
    const json_t* delta = json_object_get(object, "delta");
    if (delta != nullptr && !json_is_boolean(delta)) {
        return bad("delta must be true or false");
    }
    options.delta = json_is_true(delta);
    const json_t* rate = json_object_get(object, "rate");
    if (rate == nullptr) {
        return std::nullopt;
    }
    const double per_second = json_number_value(rate);
    if (!(per_second >= kMinRate && per_second <= kMaxRate)) {
        return bad("rate must be a number from 0.001 to 1000");
    }
    options.interval_ms = std::lround(1000 / per_second);
    return std::nullopt;
}

Problem read_subscribe(const json_t* object, Command& command)
{
    if (auto problem = read_topic(object, true, command)) {
        return problem;
    }
    if (auto problem = read_delivery(object, command.options)) {
        return problem;
    }
    const json_t* since = json_object_get(object, "since");
    ReadFrom& from = command.options.start.from;
    if (json_is_string(since) && json_text(since) == "new") {
        from.kind = ReadFrom::Kind::nothing;
    } else if (since != nullptr && !read_from(since, from)) {
        return bad("since must be \"new\", {\"last\"} or {\"epoch\",\"seq\"}");
    }
    if (from.kind == ReadFrom::Kind::after && !is_topic(command.topic)) {
        return bad("a selector is resumed with positions, not with since");
    }
    if (from.kind == ReadFrom::Kind::after) {
        command.options.start.positions.emplace(command.topic, from.after);
    }
    return read_positions(object, command.options.start);
}

Problem read_limit(const json_t* object, Command& command)
{
    const json_t* limit = json_object_get(object, "limit");
    if (limit == nullptr) {
        return std::nullopt;
    }
    const auto number = json_whole(limit);
    if (!number || *number == 0 || *number > kMaxPageItems) {
        return bad("limit must be a number from 1 to 1000");
    }
    command.limit = *number;
    return std::nullopt;
}

Problem read_get(const json_t* object, Command& command)
{
    if (auto problem = read_topic(object, true, command)) {
        return problem;
    }
    const json_t* after = json_object_get(object, "after");
    if (after != nullptr && !json_is_string(after)) {
        return bad("after must be a topic");
    }
    if (after != nullptr) {
        command.after = json_text(after);
    }
    return read_limit(object, command);
}

Problem read_history(const json_t* object, Command& command)
{
    if (auto problem = read_topic(object, false, command)) {
        return problem;
    }
    const json_t* since = json_object_get(object, "since");
    const json_t* last = json_object_get(object, "last");
    const auto wanted =
        since != nullptr ? ReadFrom::Kind::after : ReadFrom::Kind::last;
    if ((since == nullptr) == (last == nullptr) ||
        !read_from(since != nullptr ? since : object,
                   command.options.start.from) ||
        command.options.start.from.kind != wanted) {
        return bad("history takes one of since and last");
    }
    return read_limit(object, command);
}

struct OpName {
    std::string_view name;
    Op op;
};

constexpr std::array<OpName, 8> kOps{{{"sub", Op::subscribe},
                                      {"unsub", Op::unsubscribe},
                                      {"pub", Op::publish},
                                      {"get", Op::get},
                                      {"history", Op::history},
                                      {"who", Op::who},
                                      {"auth", Op::authenticate},
                                      {"ping", Op::ping}}};

// What else the command of that op says.
Problem read_members(const json_t* object, std::string_view text,
                     Command& command)
{
    switch (command.op) {
    case Op::unsubscribe:
        return read_topic(object, true, command);
    case Op::authenticate:
        return read_auth(object, command);
    case Op::ping:
        return std::nullopt;
    default:
        break;
    }
    if (auto problem = read_ticket(object, command)) {
        return problem;
    }
    switch (command.op) {
    case Op::subscribe:
        return read_subscribe(object, command);
    case Op::publish:
        return read_publish(object, text, command);
    case Op::get:
        return read_get(object, command);
    case Op::history:
        return read_history(object, command);
    default:
        return read_topic(object, false, command); // who
    }
}

Problem read_command(const json_t* object, std::string_view text,
                     Command& command)
{
    if (auto problem = read_id(text, command)) {
        return problem;
    }
    const json_t* name = json_object_get(object, "op");
    if (!json_is_string(name)) {
        return bad("op must be a string");
    }
    const auto found =
        std::find_if(kOps.begin(), kOps.end(), [&](const OpName& known) {
            return known.name == json_text(name);
        });
    if (found == kOps.end()) {
        return Error{Errc::unknown_op, "unknown op"};
    }
    command.op = found->op;
    return read_members(object, text, command);
}

} // namespace

std::string_view name_of(Op op)
{
    const auto* found =
        std::find_if(kOps.begin(), kOps.end(),
                     [&](const OpName& known) { return known.op == op; });
    return found == kOps.end() ? "auth" : found->name;
}

CommandReader::Kind CommandReader::next()
{
    const size_t blanks = rest_.find_first_not_of(" \t\r\n");
    if (blanks == std::string_view::npos) {
        return Kind::end;
    }
    rest_.remove_prefix(blanks);
    json_error_t error;
    const JsonValue object = parse_json(rest_, JSON_DISABLE_EOF_CHECK, error);
    command_ = {};
    if (object == nullptr) {
        return next_unreadable();
    }
    if (!json_is_object(object.get())) {
        return Kind::not_an_object;
    }
    const auto used = static_cast<size_t>(error.position);
    const auto problem =
        read_command(object.get(), rest_.substr(0, used), command_);
    rest_.remove_prefix(used);
    if (problem) {
        error_ = *problem;
        return Kind::bad;
    }
    return Kind::command;
}

// An object that is JSON, but can't be represented here.
CommandReader::Kind CommandReader::next_unreadable()
{
    const auto end = rest_.starts_with('{') ? json_end(rest_) : std::nullopt;
    if (!end) {
        return Kind::not_an_object;
    }
    const std::string_view object = rest_.substr(0, *end);
    error_ = read_id(object, command_)
                 .value_or(Error{Errc::bad_request, json_fault(object)});
    rest_.remove_prefix(*end);
    return Kind::bad;
}

} // namespace ws_pubsub
