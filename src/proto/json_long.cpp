// The commands that read much, or look through the zone: the part of
// JsonProtocol that does them step by step, in the turns that all sessions
// share.
#include "proto/json_long.hpp"

#include "base/budget.hpp"
#include "json/writer.hpp"
#include "proto/pages.hpp"

namespace ws_pubsub {

bool JsonProtocol::Long::step(size_t& left)
{
    done = protocol.client_.session().stopped() || protocol.step(*this, left);
    if (done) {
        subscribing.reset();
        protocol.client_.effort().resume();
    }
    return done;
}

void JsonProtocol::begin_long(const Command& command, const Selector& selector)
{
    auto begun = std::make_unique<Long>(*this, command, selector);
    if (command.op == Op::subscribe) {
        auto subscribing =
            client_.begin_subscribing(begun->selector, command.options);
        if (!subscribing) {
            return replies_.refuse(command, subscribing.error());
        }
        begun->subscribing = std::move(*subscribing);
    } else if (const auto reader = client_.reader(selector); !reader) {
        return replies_.refuse(command, reader.error());
    }
    long_ = std::move(begun);
    if (client_.effort().begin(*long_)) {
        long_.reset();
    }
}

// One step of it. True: it is answered.
bool JsonProtocol::step(Long& command, size_t& left)
{
    bool done = true;
    size_t reads = 1;
    switch (command.command.op) {
    case Op::subscribe:
        done = go_on_subscribing(command, left);
        break;
    case Op::get:
        done = go_on_getting(command, left);
        reads = command.rows.size();
        break;
    case Op::history:
        history(command);
        break;
    default:
        who(command);
    }
    if (done) {
        spend(left,
              reads * kReadCost + replies_.text().size() / kBytesPerTopic);
        replies_.keep_little();
    }
    return done;
}

bool JsonProtocol::go_on_subscribing(Long& command, size_t& left)
{
    if (!command.subscribing->step(left)) {
        return false;
    }
    answer_subscribed(command.command, client_.subscribe(command.selector,
                                                         *command.subscribing));
    return true;
}

bool JsonProtocol::go_on_getting(Long& command, size_t& left)
{
    const auto reader = client_.reader(command.selector);
    if (!reader) {
        replies_.refuse(command.command, reader.error());
        return true;
    }
    const PageLimits limits = page_limits(command.command);
    const auto scanned = reader->scan(command.selector, command.after,
                                      items_of(limits), command.rows, left);
    if (scanned == Topics::Scan::paused) {
        return false;
    }
    replies_.begin_ok(command.command);
    JsonWriter(replies_.text()).begin_object().name("items");
    append_rows(replies_.text(), *reader, command.rows,
                scanned == Topics::Scan::full, true, limits);
    replies_.end_ok(command.command);
    return true;
}

void JsonProtocol::history(const Long& command)
{
    const auto reader = client_.reader(command.selector);
    if (!reader) {
        return replies_.refuse(command.command, reader.error());
    }
    const ReadFrom& from = command.command.options.start.from;
    replies_.begin_ok(command.command);
    const ReadAnswer answer =
        append_history(replies_.text(), *reader, command.command.topic, from,
                       page_limits(command.command));
    if (const auto fault = fault_of(answer, from)) {
        return replies_.refuse(command.command, *fault);
    }
    replies_.end_ok(command.command);
}

void JsonProtocol::who(const Long& command)
{
    const auto present = client_.who(command.selector);
    if (!present) {
        return replies_.refuse(command.command, present.error());
    }
    replies_.begin_ok(command.command);
    JsonWriter out(replies_.text());
    out.begin_object().name("who").begin_array();
    for (const std::string& identity : present->who) {
        out.string(identity);
    }
    out.end_array()
        .name("connections")
        .number(present->connections)
        .name("more")
        .boolean(present->more)
        .end_object();
    replies_.end_ok(command.command);
}

} // namespace ws_pubsub
