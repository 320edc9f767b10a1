#include "proto/json_protocol.hpp"

#include "base/close_code.hpp"
#include "proto/json_text.hpp"
#include "proto/message_encoder.hpp"
#include "proto/pages.hpp"
#include "proto/publish.hpp"

namespace ws_pubsub {

namespace {

constexpr Error kDenied{Errc::denied, "not allowed"};

// What commands cost, and what a session may spend in a turn. One that looks
// through the zone is worth a turn of its own.
constexpr int kEffortPerTurn = 64;

// What an idle session keeps of the memory that its answers took.
constexpr size_t kKeptAnswerBytes = 1024;

int effort_of(const Command& command)
{
    switch (command.op) {
    case Op::subscribe:
    case Op::get:
        return is_topic(command.topic) ? 4 : kEffortPerTurn;
    case Op::history:
        return 16;
    default:
        return 1;
    }
}

} // namespace

JsonProtocol::JsonProtocol(ClientContext context)
    : context_(std::move(context)),
      bucket_(context_.rate, context_.clock.now_ms()),
      effort_left_(kEffortPerTurn)
{}

void JsonProtocol::send(std::string_view json)
{
    context_.session.send(context_.writer.make(
        Opcode::text, json, is_deflated(context_.session.encoding())));
}

// `{"id":…,"ok":` — the caller appends the value, then end_ok() sends.
void JsonProtocol::begin_ok(const Command& command)
{
    json_ = "{\"id\":";
    json_ += command.id;
    json_ += ",\"ok\":";
}

void JsonProtocol::end_ok(const Command& command)
{
    json_ += '}';
    if (!command.id.empty()) {
        send(json_);
    }
}

void JsonProtocol::refuse(const Command& command, const Error& error)
{
    json_ = "{";
    if (!command.id.empty()) {
        json_ += "\"id\":";
        json_ += command.id;
        json_ += ',';
    }
    append_error(json_, error);
    json_ += '}';
    send(json_);
}

FrameRef JsonProtocol::farewell(uint16_t code, std::string_view reason,
                                int64_t after_ms)
{
    json_ = "{\"op\":\"bye\",\"code\":";
    append_number(json_, code);
    json_ += ",\"reason\":";
    append_json_string(json_, reason);
    json_ += ",\"after\":";
    append_number(json_, static_cast<uint64_t>(after_ms));
    json_ += '}';
    return context_.writer.make(Opcode::text, json_,
                                is_deflated(context_.session.encoding()));
}

void JsonProtocol::on_message(bool binary, std::string_view payload)
{
    if (binary) {
        context_.transport.close(kCloseUnsupportedData, "text frames only");
        return;
    }
    CommandReader reader(payload);
    CommandReader::Kind kind = reader.next();
    if (kind == CommandReader::Kind::end) {
        kind = CommandReader::Kind::not_an_object; // an empty frame
    }
    run(kind, reader);
}

void JsonProtocol::begin_turn()
{
    effort_left_ = kEffortPerTurn;
    if (rest_.empty()) {
        return;
    }
    std::string rest;
    rest.swap(rest_);
    CommandReader reader(rest);
    run(reader.next(), reader);
}

// `kind` is that of the reader's command.
void JsonProtocol::run(CommandReader::Kind kind, CommandReader& reader)
{
    while (kind != CommandReader::Kind::end && !context_.session.stopped()) {
        context_.session.counters().messages_in++;
        if (kind == CommandReader::Kind::not_an_object) {
            return context_.transport.close(kCloseBadCommand,
                                            "not a JSON object");
        }
        effort_left_ -= effort_of(reader.command());
        if (!bucket_.take(context_.clock.now_ms())) {
            refuse(reader.command(), {Errc::rate, "too many commands"});
        } else if (kind == CommandReader::Kind::bad) {
            refuse(reader.command(), reader.error());
        } else {
            execute(reader.command());
        }
        if (is_tired()) {
            rest_ = reader.rest();
            break;
        }
        kind = reader.next();
    }
    if (json_.capacity() > kKeptAnswerBytes) {
        json_ = {};
        json_.shrink_to_fit();
    }
}

void JsonProtocol::execute(const Command& command)
{
    switch (command.op) {
    case Op::subscribe:
        return subscribe(command);
    case Op::unsubscribe:
        return unsubscribe(command);
    case Op::publish:
        return publish(command);
    case Op::get:
        return get(command);
    case Op::history:
        return history(command);
    case Op::who:
        return who(command);
    case Op::ping:
        if (command.id.empty()) {
            return send("{\"op\":\"pong\"}");
        }
        json_ = "{\"id\":";
        json_ += command.id;
        json_ += ",\"op\":\"pong\"}";
        return send(json_);
    }
}

void JsonProtocol::subscribe(const Command& command)
{
    const auto selector = Selector::parse(command.topic);
    if (!context_.permissions.may_subscribe(*selector)) {
        return refuse(command, kDenied);
    }
    const auto subscribed =
        context_.broker.subscribe(context_.session, *selector, command.options);
    if (!subscribed) {
        return refuse(command, subscribed.error());
    }
    begin_ok(command);
    json_ += "{\"topics\":[";
    for (const TopicRow& row : subscribed->topics) {
        json_ += json_.ends_with('[') ? "" : ",";
        append_topic_row(json_, row.path, row.newest);
    }
    json_ += "],\"recovered\":";
    json_ += subscribed->recovered ? "true}" : "false}";
    end_ok(command);
    context_.broker.start(*subscribed->subscription);
}

void JsonProtocol::unsubscribe(const Command& command)
{
    if (!context_.broker.unsubscribe(context_.session, command.topic)) {
        return refuse(command, {Errc::unknown_topic, "not subscribed"});
    }
    begin_ok(command);
    json_ += "{}";
    end_ok(command);
}

void JsonProtocol::publish(const Command& command)
{
    if (!context_.permissions.may_publish(command.topic)) {
        return refuse(command, kDenied);
    }
    const auto published =
        publish_command(context_.broker.publisher(), command,
                        context_.clock.now_ms(), context_.max_message);
    if (!published) {
        return refuse(command, published.error());
    }
    begin_ok(command);
    json_ += '{';
    append_position(json_, published->at);
    json_ += '}';
    end_ok(command);
}

// A page never fills the session's queue.
PageLimits JsonProtocol::page_limits(const Command& command) const
{
    return {command.limit, context_.session.limits().queue_bytes / 4};
}

void JsonProtocol::get(const Command& command)
{
    const auto selector = Selector::parse(command.topic);
    if (!context_.permissions.may_subscribe(*selector)) {
        return refuse(command, kDenied);
    }
    Store& store = context_.broker.store();
    Batch none;
    if (selector->is_exact() &&
        store.read(command.topic, {ReadFrom::Kind::nothing, 0, {}}, {}, none)
            .expired) {
        return refuse(command, kExpired);
    }
    begin_ok(command);
    json_ += "{\"items\":";
    const size_t topics = append_topics(json_, store, *selector, command.after,
                                        true, page_limits(command));
    if (topics == 0 && selector->is_exact()) {
        return refuse(command, kUnknownTopic);
    }
    end_ok(command);
}

void JsonProtocol::history(const Command& command)
{
    const auto selector = Selector::parse(command.topic);
    if (!context_.permissions.may_subscribe(*selector)) {
        return refuse(command, kDenied);
    }
    begin_ok(command);
    const ReadAnswer answer =
        append_history(json_, context_.broker.store(), command.topic,
                       command.options.start.from, page_limits(command));
    if (answer.newest.epoch == 0) {
        return refuse(command, kUnknownTopic);
    }
    if (command.options.start.from.kind == ReadFrom::Kind::after &&
        command.options.start.from.after.epoch != answer.newest.epoch) {
        return refuse(command,
                      {Errc::other_epoch, "the position is of another epoch"});
    }
    end_ok(command);
}

void JsonProtocol::who(const Command& command)
{
    const auto selector = Selector::parse(command.topic);
    if (!context_.permissions.may_subscribe(*selector)) {
        return refuse(command, kDenied);
    }
    if (!context_.broker.publisher().policies.of(command.topic).presence) {
        return refuse(command,
                      {Errc::bad_request, "the topic has no presence"});
    }
    const Presence present = context_.broker.who(command.topic);
    begin_ok(command);
    json_ += "{\"who\":[";
    for (const std::string& identity : present.who) {
        json_ += json_.ends_with('[') ? "" : ",";
        append_json_string(json_, identity);
    }
    json_ += "],\"connections\":";
    append_number(json_, present.connections);
    json_ += present.more ? ",\"more\":true}" : ",\"more\":false}";
    end_ok(command);
}

} // namespace ws_pubsub
