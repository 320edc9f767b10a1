#include "proto/plain_protocol.hpp"

namespace ws_pubsub {

const ProtocolKind kPlainProtocol{
    "plain",
    {},
    kPlainDialect,
    [](Client& client, FrameWriter& /*writer*/,
       const std::string& topic) -> std::unique_ptr<Protocol> {
        return std::make_unique<PlainProtocol>(client, topic);
    }};

// One that may only publish is not told that it may not listen.
void PlainProtocol::on_open()
{
    const auto selector = Selector::parse(topic_);
    if (!selector || !client_.may_subscribe(*selector)) {
        return;
    }
    const auto subscribed = client_.subscribe(*selector, {});
    if (!subscribed) {
        const bool limited = subscribed.error().code == Errc::limit;
        client_.close(limited ? EndCause::policy : EndCause::internal_error,
                      subscribed.error().message);
        return;
    }
    client_.start(*subscribed->subscription);
}

void PlainProtocol::on_message(bool binary, std::string_view payload)
{
    if (!client_.begin_command()) {
        return client_.close(EndCause::policy, "too many messages");
    }
    PublishRequest request;
    request.topic = topic_;
    request.kind = binary ? PayloadKind::binary : PayloadKind::text;
    request.payload = payload;
    const auto published = client_.publish(request);
    if (published) {
        return;
    }
    if (published.error().code == Errc::denied) {
        return client_.close(EndCause::policy, "publishing is not allowed");
    }
    client_.close(EndCause::internal_error, published.error().message);
}

} // namespace ws_pubsub
