#include "proto/message_encoder.hpp"

#include "proto/json_text.hpp"

namespace ws_pubsub {

FrameRef MessageEncoder::messages(Encoding encoding, std::string_view topic,
                                  const Batch& batch, size_t first, size_t last)
{
    const bool deflate = is_deflated(encoding);
    writer_.begin();
    if (is_plain(encoding)) {
        for (size_t i = first; i < last; i++) {
            const Message message = batch[i].message;
            writer_.add(message.kind == PayloadKind::binary ? Opcode::binary
                                                            : Opcode::text,
                        message.payload, deflate);
        }
        return writer_.take(static_cast<uint32_t>(last - first));
    }
    // What all these messages begin with is the same.
    json_ = "{\"op\":\"msg\",\"topic\":";
    append_json_string(json_, topic);
    json_ += ",\"seq\":";
    const size_t common = json_.size();
    for (size_t i = first; i < last; i++) {
        const Message message = batch[i].message;
        json_.resize(common);
        append_number(json_, message.at.seq);
        json_ += ',';
        append_payload(json_, message);
        json_ += '}';
        writer_.add(Opcode::text, json_, deflate);
    }
    return writer_.take(static_cast<uint32_t>(last - first));
}

// Appends what follows `"topic":…,"seq":…,` in a message for who takes deltas.
void MessageEncoder::append_text(const Message& message,
                                 const TextMessage& text, bool based)
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

FrameRef MessageEncoder::texts(Encoding encoding, std::string_view topic,
                               const Batch& batch, size_t first,
                               std::span<const TextMessage> texts, bool based)
{
    const size_t last = first + texts.size();
    if (is_plain(encoding)) {
        return messages(encoding, topic, batch, first, last);
    }
    writer_.begin();
    for (size_t i = first; i < last; i++) {
        const TextMessage& text = texts[i - first];
        const bool has_base = based || i > first;
        json_ = has_base && !text.delta.empty() ? "{\"op\":\"delta\",\"topic\":"
                                                : "{\"op\":\"msg\",\"topic\":";
        append_json_string(json_, topic);
        json_ += ",\"seq\":";
        append_number(json_, batch[i].message.at.seq);
        json_ += ',';
        append_text(batch[i].message, text, has_base);
        writer_.add(Opcode::text, json_, is_deflated(encoding));
    }
    return writer_.take(static_cast<uint32_t>(texts.size()));
}

FrameRef MessageEncoder::notice(Encoding encoding)
{
    return writer_.make(Opcode::text, json_, is_deflated(encoding));
}

FrameRef MessageEncoder::topic(Encoding encoding, std::string_view topic,
                               const Position& at)
{
    if (is_plain(encoding)) {
        return {};
    }
    json_ = "{\"op\":\"topic\",\"topic\":";
    append_json_string(json_, topic);
    json_ += ',';
    append_position(json_, at);
    json_ += '}';
    return notice(encoding);
}

FrameRef MessageEncoder::gap(Encoding encoding, std::string_view topic,
                             const Gap& gap)
{
    if (is_plain(encoding)) {
        return {};
    }
    json_ = "{\"op\":\"gap\",\"topic\":";
    append_json_string(json_, topic);
    json_ += ",\"from\":";
    append_number(json_, gap.from);
    json_ += ",\"to\":";
    append_number(json_, gap.to);
    json_ += ",\"cause\":";
    append_json_string(json_, gap.cause);
    json_ += '}';
    return notice(encoding);
}

FrameRef MessageEncoder::gone(Encoding encoding, std::string_view topic,
                              std::string_view reason)
{
    if (is_plain(encoding)) {
        return {};
    }
    json_ = "{\"op\":\"gone\",\"topic\":";
    append_json_string(json_, topic);
    json_ += ",\"reason\":";
    append_json_string(json_, reason);
    json_ += '}';
    return notice(encoding);
}

FrameRef MessageEncoder::presence(Encoding encoding, std::string_view topic,
                                  const PresenceChange& change)
{
    if (is_plain(encoding)) {
        return {};
    }
    json_ = change.join ? "{\"op\":\"join\",\"topic\":"
                        : "{\"op\":\"leave\",\"topic\":";
    append_json_string(json_, topic);
    json_ += ",\"who\":";
    append_json_string(json_, change.who);
    json_ += '}';
    return notice(encoding);
}

} // namespace ws_pubsub
