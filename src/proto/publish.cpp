#include "proto/publish.hpp"

#include "json/writer.hpp"

namespace ws_pubsub {

PublishRequest publish_request(const Command& command,
                               const Verdict::Payload* instead)
{
    PublishRequest request;
    request.topic = command.topic;
    request.kind = command.kind;
    request.payload = command.payload;
    request.patch = command.patch;
    request.condition = command.condition;
    request.idempotency_key = command.idempotency_key;
    if (instead != nullptr && !command.patch) {
        replace_payload(request, *instead);
    }
    return request;
}

void replace_payload(PublishRequest& request, const Verdict::Payload& payload)
{
    if (payload.kind) {
        request.kind = *payload.kind;
        request.content_type = payload.content_type;
    }
    request.payload = payload.text;
}

void append_publish_answer(std::string& out, std::string_view topic,
                           const ChangeAnswer& answer)
{
    JsonWriter(out)
        .begin_object()
        .name("topic")
        .string(topic)
        .members(append_position, answer.at)
        .name("subscribers")
        .number(answer.subscribers)
        .end_object();
}

} // namespace ws_pubsub
