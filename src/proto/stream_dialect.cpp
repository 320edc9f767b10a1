#include "proto/stream_dialect.hpp"

#include <algorithm>

#include "json/writer.hpp"
#include "proto/command.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

namespace {

// `{"op":…,"topic":…,"epoch":…,"seq":…,`
void append_head(std::string& out, std::string_view op, std::string_view topic,
                 const Position& at)
{
    out += "{\"op\":\"";
    out += op;
    out += "\",\"topic\":";
    append_json_string(out, topic);
    JsonWriter(out).members(append_position, at);
    out += ',';
}

} // namespace

void append_stream_message(std::string& out, std::string_view topic,
                           const Message& message)
{
    append_head(out, "msg", topic, message.at);
    append_payload(out, message);
    out += '}';
}

void StreamDialect::begin(std::string_view event)
{
    framing_.set_event(event);
    if (cursors_ == Cursors::none) {
        framing_.leave_open();
    }
}

void StreamDialect::set_cursor(const Batch& batch, size_t i)
{
    const uint64_t number = batch[i].message.number;
    const uint64_t complete_to = batch.complete_to();
    if (batch.zone() == 0 || cursors_ == Cursors::none) {
        return;
    }
    if (cursors_ == Cursors::own) {
        if (number != 0) {
            framing_.set_cursor({batch.zone(), number});
        }
    } else if (complete_to != 0 && i + 1 == batch.size() &&
               number <= complete_to) {
        framing_.set_cursor({batch.zone(), complete_to});
    } else if (number != 0 && number <= complete_to) {
        framing_.set_cursor({batch.zone(), number});
    }
}

FrameRef StreamDialect::messages(bool deflate, std::string_view topic,
                                 const Batch& batch, size_t first, size_t last)
{
    framing_.begin();
    begin({});
    for (size_t i = first; i < last; i++) {
        json_.clear();
        append_stream_message(json_, topic, batch[i].message);
        set_cursor(batch, i);
        framing_.add(Framing::Kind::text, json_, deflate);
    }
    return framing_.take(static_cast<uint32_t>(last - first));
}

FrameRef StreamDialect::texts(bool deflate, std::string_view topic,
                              const Batch& batch, size_t first,
                              std::span<const TextMessage> texts, bool based)
{
    framing_.begin();
    for (size_t i = 0; i < texts.size(); i++) {
        const bool has_base = based || i > 0;
        const bool is_delta = has_base && !texts[i].delta.empty();
        const Message message = batch[first + i].message;
        begin(is_delta ? "delta" : "");
        json_.clear();
        append_head(json_, is_delta ? "delta" : "msg", topic, message.at);
        append_text_message(json_, message, texts[i], has_base);
        set_cursor(batch, first + i);
        framing_.add(Framing::Kind::text, json_, deflate);
    }
    return framing_.take(static_cast<uint32_t>(texts.size()));
}

FrameRef StreamDialect::topic(bool deflate, std::string_view topic,
                              const Position& at, uint64_t was)
{
    begin("topic");
    return words_.topic(deflate, topic, at, was);
}

FrameRef StreamDialect::gap(bool deflate, std::string_view topic,
                            const Gap& gap)
{
    begin("gap");
    return words_.gap(deflate, topic, gap);
}

FrameRef StreamDialect::gone(bool deflate, std::string_view topic,
                             std::string_view reason)
{
    begin("gone");
    return words_.gone(deflate, topic, reason);
}

FrameRef StreamDialect::presence(bool deflate, std::string_view topic,
                                 const PresenceChange& change)
{
    begin(change.join ? "join" : "leave");
    return words_.presence(deflate, topic, change);
}

FrameRef StreamDialect::unsub(bool deflate, std::string_view selector,
                              const Error& why)
{
    begin("unsub");
    return words_.unsub(deflate, selector, why);
}

FrameRef PlainStreamDialect::messages(bool deflate, std::string_view /*topic*/,
                                      const Batch& batch, size_t first,
                                      size_t last)
{
    framing_.begin();
    for (size_t i = first; i < last; i++) {
        const Message message = batch[i].message;
        if (batch.zone() != 0 && message.number != 0) {
            framing_.set_cursor({batch.zone(), message.number});
        }
        framing_.add(message.kind == PayloadKind::binary ? Framing::Kind::binary
                                                         : Framing::Kind::text,
                     message.payload, deflate);
    }
    return framing_.take(static_cast<uint32_t>(last - first));
}

} // namespace ws_pubsub
