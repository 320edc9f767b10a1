#include "proto/json_dialect.hpp"

#include "json/writer.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

// `{"op":…,"topic":…` — the caller appends the rest, then end() closes it.
void JsonDialect::begin(std::string_view op, std::string_view topic)
{
    json_ = "{\"op\":\"";
    json_ += op;
    json_ += "\",\"topic\":";
    append_json_string(json_, topic);
}

FrameRef JsonDialect::end(bool deflate)
{
    json_ += '}';
    return framing_.make(Framing::Kind::text, json_, deflate);
}

FrameRef JsonDialect::messages(bool deflate, std::string_view topic,
                               const Batch& batch, size_t first, size_t last)
{
    framing_.begin();
    // What all these messages begin with is the same.
    begin("msg", topic);
    json_ += ",\"seq\":";
    const size_t common = json_.size();
    for (size_t i = first; i < last; i++) {
        const Message message = batch[i].message;
        json_.resize(common);
        append_number(json_, message.at.seq);
        json_ += ',';
        append_payload(json_, message);
        json_ += '}';
        framing_.add(Framing::Kind::text, json_, deflate);
    }
    return framing_.take(static_cast<uint32_t>(last - first));
}

// Appends what follows `"topic":…,"seq":…,` in a message for who takes deltas.
void JsonDialect::append_text(const Message& message, const TextMessage& text,
                              bool based)
{
    if (based && !text.delta.empty()) {
        json_ += "\"base\":";
        append_number(json_, text.base);
        json_ += ",\"delta\":";
        append_json_string(json_, text.delta);
    } else if (message.kind == PayloadKind::json) {
        json_ += "\"json\":";
        append_json_string(json_, text.text);
    } else {
        append_payload(json_, message);
    }
    json_ += '}';
}

FrameRef JsonDialect::texts(bool deflate, std::string_view topic,
                            const Batch& batch, size_t first,
                            std::span<const TextMessage> texts, bool based)
{
    const size_t last = first + texts.size();
    framing_.begin();
    for (size_t i = first; i < last; i++) {
        const TextMessage& text = texts[i - first];
        const bool has_base = based || i > first;
        begin(has_base && !text.delta.empty() ? "delta" : "msg", topic);
        json_ += ",\"seq\":";
        append_number(json_, batch[i].message.at.seq);
        json_ += ',';
        append_text(batch[i].message, text, has_base);
        framing_.add(Framing::Kind::text, json_, deflate);
    }
    return framing_.take(static_cast<uint32_t>(texts.size()));
}

FrameRef JsonDialect::topic(bool deflate, std::string_view topic,
                            const Position& at, uint64_t was)
{
    begin("topic", topic);
    JsonWriter(json_).members(append_position, at);
    append_was(json_, was);
    return end(deflate);
}

FrameRef JsonDialect::gap(bool deflate, std::string_view topic, const Gap& gap)
{
    begin("gap", topic);
    JsonWriter(json_)
        .name("from")
        .number(gap.from)
        .name("to")
        .number(gap.to)
        .name("cause")
        .string(gap.cause);
    return end(deflate);
}

FrameRef JsonDialect::gone(bool deflate, std::string_view topic,
                           std::string_view reason)
{
    begin("gone", topic);
    JsonWriter(json_).name("reason").string(reason);
    return end(deflate);
}

FrameRef JsonDialect::presence(bool deflate, std::string_view topic,
                               const PresenceChange& change)
{
    begin(change.join ? "join" : "leave", topic);
    JsonWriter(json_).name("who").string(change.who);
    return end(deflate);
}

FrameRef JsonDialect::unsub(bool deflate, std::string_view selector,
                            const Error& why)
{
    begin("unsub", selector);
    JsonWriter(json_)
        .name("code")
        .number(static_cast<uint16_t>(why.code))
        .name("reason")
        .string(why.message);
    return end(deflate);
}

} // namespace ws_pubsub
