#include "proto/json_protocol.hpp"

#include "json/writer.hpp"
#include "proto/json_long.hpp"
#include "proto/json_waiting.hpp"
#include "proto/pages.hpp"
#include "proto/publish.hpp"

namespace ws_pubsub {

namespace {

constexpr Error kTooManyCommands{Errc::rate, "too many commands"};

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
    [](Client& client, Framing& framing,
       const std::string& /*topic*/) -> std::unique_ptr<Protocol> {
        return std::make_unique<JsonProtocol>(client, framing);
    }};

JsonProtocol::JsonProtocol(Client& client, Framing& framing)
    : client_(client), replies_(client.session(), framing)
{}

JsonProtocol::~JsonProtocol()
{
    if (long_ != nullptr) {
        client_.effort().cancel(*long_);
    }
}

FrameRef JsonProtocol::farewell(uint16_t code, std::string_view reason,
                                int64_t after_ms)
{
    return replies_.bye(code, reason, after_ms);
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
    if (long_ != nullptr || client_.effort().is_paused()) {
        return;
    }
    if (queue_ != nullptr) {
        queue_->run();
        replies_.keep_little();
    }
    if (rest_.empty() || client_.effort().is_tired()) {
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

void JsonProtocol::stop()
{
    if (queue_ != nullptr) {
        queue_->clear();
    }
}

// `kind` is that of the reader's command. Returns what is left for later turns.
std::string_view JsonProtocol::run(CommandReader::Kind kind,
                                   CommandReader& reader)
{
    std::string_view left;
    while (kind != CommandReader::Kind::end && !client_.session().stopped()) {
        const bool may = client_.begin_command();
        if (kind == CommandReader::Kind::not_an_object) {
            client_.close(EndCause::bad_command, "not a JSON object");
            return {};
        }
        if (!may) {
            take(reader.command(), &kTooManyCommands);
        } else if (kind == CommandReader::Kind::bad) {
            take(reader.command(), &reader.error());
        } else {
            take(reader.command(), nullptr);
        }
        if (client_.effort().is_tired()) {
            left = reader.rest();
            client_.effort().end_turn();
            break;
        }
        kind = reader.next();
    }
    replies_.keep_little();
    return left;
}

// Now, or after those that wait. `fault`: why it can't be done; null: it may.
void JsonProtocol::take(const Command& command, const Error* fault)
{
    if (queue_ != nullptr && !queue_->empty()) {
        client_.effort().spend(1);
        return wait(command, fault);
    }
    if (!may_check_now(command, fault)) {
        wait(command, fault);
        return queue_->run();
    }
    Pending pending;
    const Ran ran = execute(command, fault, nullptr, false, pending);
    if (ran == Ran::unanswered) {
        auto waiting = std::make_unique<Waiting>(*this, command, fault);
        waiting->await_answer(std::move(pending));
        queue().add_unanswered(std::move(waiting));
    } else if (ran != Ran::done) {
        wait(command, fault);
        queue_->run();
    }
}

// Whether a signature is looked at to do it.
bool JsonProtocol::has_check(const Command& command, const Error* fault) const
{
    return fault == nullptr &&
           (command.op == Op::authenticate ||
            (command.ticket && !client_.standing().awaits_token()));
}

// Whether it does not have to wait for that.
bool JsonProtocol::may_check_now(const Command& command,
                                 const Error* fault) const
{
    if (!has_check(command, fault)) {
        return true;
    }
    const CheckTurns* turns = client_.standing().check_turns();
    return turns == nullptr || turns->may_check(nullptr);
}

CommandQueue& JsonProtocol::queue()
{
    if (queue_ == nullptr) {
        queue_ = std::make_unique<CommandQueue>(client_);
    }
    return *queue_;
}

void JsonProtocol::wait(const Command& command, const Error* fault)
{
    queue().add(std::make_unique<Waiting>(*this, command, fault));
}

// Without a token nothing else is looked at but what brings it.
JsonProtocol::Ran JsonProtocol::execute(const Command& command,
                                        const Error* fault,
                                        const Verdict* verdict,
                                        bool has_caught_up, Pending& pending)
{
    client_.effort().spend(effort_of(command));
    const bool is_too_early = fault != nullptr && fault->code == Errc::rate;
    const bool needs_token = client_.standing().awaits_token() &&
                             !is_too_early && command.op != Op::authenticate &&
                             (fault != nullptr || command.op != Op::ping);
    if (needs_token) {
        replies_.refuse(command, kNeedsToken);
    } else if (fault != nullptr) {
        replies_.refuse(command, *fault);
    } else if (verdict != nullptr && verdict->refusal) {
        replies_.refuse(command, verdict->error());
    } else if (const auto bad = show_permit(command, verdict)) {
        replies_.refuse(command, *bad);
    } else if (!has_caught_up &&
               (pending = needed_catch_up(client_, command)) != nullptr) {
        return Ran::unanswered;
    } else if (needed_question(client_, command)) {
        return Ran::must_ask;
    } else {
        return carry_out(command, verdict, pending);
    }
    return Ran::done;
}

// What the command may do beside the client's permissions.
std::optional<Error> JsonProtocol::show_permit(const Command& command,
                                               const Verdict* verdict)
{
    if (verdict == nullptr) {
        return client_.standing().show_ticket(command.ticket);
    }
    client_.standing().show_verdict(question_of(command)->about, command.topic);
    return std::nullopt;
}

JsonProtocol::Ran JsonProtocol::carry_out(const Command& command,
                                          const Verdict* verdict,
                                          Pending& pending)
{
    switch (command.op) {
    case Op::subscribe:
        subscribe(command);
        break;
    case Op::unsubscribe:
        return unsubscribe(command);
    case Op::publish:
        return publish(command, verdict, pending);
    case Op::get:
        get(command);
        break;
    case Op::history:
    case Op::who:
        begin_long(command, *Selector::parse(command.topic));
        break;
    case Op::authenticate:
        authenticate(command);
        break;
    case Op::renew:
        renew(command);
        break;
    case Op::ping:
        replies_.pong(command);
        break;
    }
    return Ran::done;
}

void JsonProtocol::authenticate(const Command& command)
{
    const auto who = client_.standing().authenticate(command.token);
    if (who) {
        replies_.authenticated(command, *who);
    } else {
        replies_.refuse(command, who.error());
    }
    client_.standing().settle();
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
        return replies_.refuse(command, subscribed.error());
    }
    replies_.begin_ok(command);
    JsonWriter out(replies_.text());
    out.begin_object().name("topics").begin_array();
    for (const TopicRow& row : subscribed->topics) {
        out.members(append_topic_row, row.path, row.newest, row.was);
    }
    out.end_array()
        .name("recovered")
        .boolean(subscribed->recovered)
        .end_object();
    replies_.end_ok(command);
    client_.start(*subscribed->subscription);
}

JsonProtocol::Ran JsonProtocol::unsubscribe(const Command& command)
{
    const auto ended = client_.unsubscribe(command.topic);
    if (ended == Broker::Unsubscribed::later) {
        return Ran::later;
    }
    if (ended == Broker::Unsubscribed::unknown) {
        replies_.refuse(command, kNotSubscribed);
    } else {
        replies_.done(command);
    }
    return Ran::done;
}

JsonProtocol::Ran JsonProtocol::publish(const Command& command,
                                        const Verdict* verdict,
                                        Pending& pending)
{
    const Verdict::Payload* instead =
        verdict != nullptr && verdict->payload ? &*verdict->payload : nullptr;
    Outcome outcome = client_.publish(publish_request(command, instead));
    if (outcome.is_pending()) {
        pending = outcome.take_pending();
        return Ran::unanswered;
    }
    answer_published(command, outcome.answer());
    return Ran::done;
}

void JsonProtocol::answer_published(const Command& command,
                                    const Result<ChangeAnswer>& published)
{
    if (!published) {
        return replies_.refuse(command, published.error());
    }
    replies_.begin_ok(command);
    JsonWriter(replies_.text())
        .begin_object()
        .members(append_position, published->at)
        .end_object();
    replies_.end_ok(command);
}

void JsonProtocol::renew(const Command& command)
{
    if (const auto fault =
            client_.standing().renew(*Selector::parse(command.topic))) {
        return replies_.refuse(command, *fault);
    }
    replies_.done(command);
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
        return replies_.refuse(command, reader.error());
    }
    Batch none;
    if (reader->read(command.topic, {ReadFrom::Kind::nothing, 0, {}}, {}, none)
            .expired) {
        return replies_.refuse(command, kExpired);
    }
    replies_.begin_ok(command);
    JsonWriter(replies_.text()).begin_object().name("items");
    const size_t topics =
        append_topics(replies_.text(), *reader, *selector, command.after, true,
                      page_limits(command));
    if (topics == 0) {
        return replies_.refuse(command, kUnknownTopic);
    }
    replies_.end_ok(command);
}

} // namespace ws_pubsub
