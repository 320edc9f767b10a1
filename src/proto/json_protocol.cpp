#include "proto/json_protocol.hpp"

#include "json/writer.hpp"
#include "proto/json_long.hpp"
#include "proto/pages.hpp"
#include "proto/publish.hpp"

namespace ws_pubsub {

namespace {

// What an idle session keeps of the memory that its answers took.
constexpr size_t kKeptAnswerBytes = 1024;

// One that looks through the zone, or reads and writes a whole value for a
// small change, is worth a turn of its own, or several, of which all sessions
// have their shares.
int effort_of(const Command& command)
{
    if (command.ticket) { // signatures take as long
        return Effort::kPerTurn;
    }
    switch (command.op) {
    case Op::subscribe:
    case Op::get:
        return is_topic(command.topic) ? 4 : Effort::kPerTurn;
    case Op::history:
        return 16;
    case Op::authenticate:
        return Effort::kPerTurn;
    case Op::publish:
        return command.patch ? Effort::kPerTurn : 1;
    default:
        return 1;
    }
}

} // namespace

const ProtocolKind kJsonProtocol{
    "json.wspubsub.v1", "json.wspubsub.v1", kJsonDialect,
    [](Client& client, FrameWriter& writer,
       const std::string& /*topic*/) -> std::unique_ptr<Protocol> {
        return std::make_unique<JsonProtocol>(client, writer);
    }};

JsonProtocol::JsonProtocol(Client& client, FrameWriter& writer)
    : client_(client), writer_(writer)
{}

JsonProtocol::~JsonProtocol()
{
    if (long_ != nullptr) {
        client_.cancel(*long_);
    }
}

void JsonProtocol::send(std::string_view json)
{
    Session& session = client_.session();
    session.send(writer_.make(Opcode::text, json, session.encoding().deflated));
}

// `{"id":…,"ok":` — the caller appends the value, then end_ok() sends.
void JsonProtocol::begin_ok(const Command& command)
{
    json_.clear();
    JsonWriter(json_).begin_object().name("id").raw(command.id).name("ok");
}

void JsonProtocol::end_ok(const Command& command)
{
    json_ += '}';
    if (!command.id.empty()) {
        send(json_);
    }
}

void JsonProtocol::answer_done(const Command& command)
{
    begin_ok(command);
    json_ += "{}";
    end_ok(command);
}

void JsonProtocol::refuse(const Command& command, const Error& error)
{
    json_.clear();
    JsonWriter out(json_);
    out.begin_object();
    if (!command.id.empty()) {
        out.name("id").raw(command.id);
    }
    out.members(append_error, error).end_object();
    send(json_);
}

// Without a token nothing else is looked at but what brings it.
void JsonProtocol::refuse_bad(const Command& command, const Error& error)
{
    const bool waits = client_.awaits_token() && command.op != Op::authenticate;
    refuse(command, waits ? kNeedsToken : error);
}

FrameRef JsonProtocol::farewell(EndCause cause, std::string_view reason,
                                int64_t after_ms)
{
    json_.clear();
    JsonWriter(json_)
        .begin_object()
        .name("op")
        .string("bye")
        .name("code")
        .number(close_code(cause))
        .name("reason")
        .string(reason)
        .name("after")
        .number(static_cast<uint64_t>(after_ms))
        .end_object();
    return writer_.make(Opcode::text, json_,
                        client_.session().encoding().deflated);
}

void JsonProtocol::on_message(bool binary, std::string_view payload)
{
    if (binary) {
        client_.close(EndCause::unsupported_data, "text frames only");
        return;
    }
    CommandReader reader(payload);
    CommandReader::Kind kind = reader.next();
    if (kind == CommandReader::Kind::end) {
        kind = CommandReader::Kind::not_an_object; // an empty frame
    }
    rest_ = run(kind, reader);
    rest_done_ = 0;
}

void JsonProtocol::begin_turn()
{
    if (long_ != nullptr && long_->done) {
        long_.reset();
    }
    if (long_ != nullptr || client_.effort().is_paused() || rest_.empty()) {
        return;
    }
    CommandReader reader(std::string_view(rest_).substr(rest_done_));
    const std::string_view left = run(reader.next(), reader);
    if (left.empty()) {
        std::string().swap(rest_);
    } else {
        rest_done_ = rest_.size() - left.size();
    }
}

// `kind` is that of the reader's command. Returns what is left for later turns.
std::string_view JsonProtocol::run(CommandReader::Kind kind,
                                   CommandReader& reader)
{
    std::string_view left;
    while (kind != CommandReader::Kind::end && !client_.session().stopped()) {
        const bool may =
            std::exchange(waits_, false) || client_.begin_command();
        if (kind == CommandReader::Kind::not_an_object) {
            client_.close(EndCause::bad_command, "not a JSON object");
            return {};
        }
        client_.effort().spend(effort_of(reader.command()));
        if (!may) {
            refuse(reader.command(), {Errc::rate, "too many commands"});
        } else if (kind == CommandReader::Kind::bad) {
            refuse_bad(reader.command(), reader.error());
        } else {
            execute(reader.command());
        }
        if (waits_ || client_.effort().is_tired()) {
            left = waits_ ? reader.with_command() : reader.rest();
            client_.effort().end_turn();
            break;
        }
        kind = reader.next();
    }
    keep_little();
    return left;
}

void JsonProtocol::keep_little()
{
    if (json_.capacity() > kKeptAnswerBytes) {
        json_ = {};
        json_.shrink_to_fit();
    }
}

void JsonProtocol::execute(const Command& command)
{
    if (client_.awaits_token() && command.op != Op::authenticate &&
        command.op != Op::ping) {
        return refuse(command, kNeedsToken);
    }
    if (const auto fault = client_.show_ticket(command.ticket)) {
        return refuse(command, *fault);
    }
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
    case Op::who:
        return begin_long(command, *Selector::parse(command.topic));
    case Op::authenticate:
        return authenticate(command);
    case Op::renew:
        return renew(command);
    case Op::ping:
        return ping(command);
    }
}

void JsonProtocol::ping(const Command& command)
{
    json_.clear();
    JsonWriter out(json_);
    out.begin_object();
    if (!command.id.empty()) {
        out.name("id").raw(command.id);
    }
    out.name("op").string("pong").end_object();
    send(json_);
}

void JsonProtocol::authenticate(const Command& command)
{
    const auto who = client_.authenticate(command.token);
    if (who) {
        begin_ok(command);
        JsonWriter out(json_);
        out.begin_object();
        if (!who->user.empty()) {
            out.name("user").string(who->user);
        }
        if (who->expires_ms) {
            out.name("expires").number(static_cast<uint64_t>(*who->expires_ms));
        }
        out.end_object();
        end_ok(command);
    } else {
        refuse(command, who.error());
    }
    client_.settle();
}

void JsonProtocol::subscribe(const Command& command)
{
    const auto selector = Selector::parse(command.topic);
    if (!selector->is_exact()) {
        return begin_long(command, *selector);
    }
    answer_subscribed(command, client_.subscribe(*selector, command.options));
}

void JsonProtocol::answer_subscribed(const Command& command,
                                     const Result<Subscribed>& subscribed)
{
    if (!subscribed) {
        return refuse(command, subscribed.error());
    }
    begin_ok(command);
    JsonWriter out(json_);
    out.begin_object().name("topics").begin_array();
    for (const TopicRow& row : subscribed->topics) {
        out.members(append_topic_row, row.path, row.newest);
    }
    out.end_array()
        .name("recovered")
        .boolean(subscribed->recovered)
        .end_object();
    end_ok(command);
    client_.start(*subscribed->subscription);
}

void JsonProtocol::unsubscribe(const Command& command)
{
    const auto ended = client_.unsubscribe(command.topic);
    if (ended == Broker::Unsubscribed::later) {
        waits_ = true;
        return;
    }
    if (ended == Broker::Unsubscribed::unknown) {
        return refuse(command, kNotSubscribed);
    }
    answer_done(command);
}

void JsonProtocol::publish(const Command& command)
{
    const auto published = client_.publish(publish_request(command));
    if (!published) {
        return refuse(command, published.error());
    }
    begin_ok(command);
    JsonWriter(json_)
        .begin_object()
        .members(append_position, published->at)
        .end_object();
    end_ok(command);
}

void JsonProtocol::renew(const Command& command)
{
    if (const auto fault = client_.renew(*Selector::parse(command.topic))) {
        return refuse(command, *fault);
    }
    answer_done(command);
}

// A page never fills the session's queue.
PageLimits JsonProtocol::page_limits(const Command& command) const
{
    return {command.limit, client_.session().limits().queue_bytes / 4};
}

void JsonProtocol::get(const Command& command)
{
    const auto selector = Selector::parse(command.topic);
    if (!selector->is_exact()) {
        return begin_long(command, *selector);
    }
    const auto reader = client_.reader(*selector);
    if (!reader) {
        return refuse(command, reader.error());
    }
    Batch none;
    if (reader->read(command.topic, {ReadFrom::Kind::nothing, 0, {}}, {}, none)
            .expired) {
        return refuse(command, kExpired);
    }
    begin_ok(command);
    JsonWriter(json_).begin_object().name("items");
    const size_t topics = append_topics(
        json_, *reader, *selector, command.after, true, page_limits(command));
    if (topics == 0) {
        return refuse(command, kUnknownTopic);
    }
    end_ok(command);
}

} // namespace ws_pubsub
