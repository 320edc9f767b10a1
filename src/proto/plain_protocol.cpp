#include "proto/plain_protocol.hpp"

#include "base/close_code.hpp"

namespace ws_pubsub {

PlainProtocol::PlainProtocol(ClientContext context, std::string topic)
    : context_(std::move(context)),
      bucket_(context_.rate, context_.clock.now_ms()), topic_(std::move(topic))
{}

void PlainProtocol::on_open()
{
    const auto selector = Selector::parse(topic_);
    if (!selector || !context_.permissions.may_subscribe(*selector)) {
        return;
    }
    const auto subscribed =
        context_.broker.subscribe(context_.session, *selector, {});
    if (!subscribed) {
        const bool limited = subscribed.error().code == Errc::limit;
        context_.transport.close(limited ? kClosePolicy : kCloseInternalError,
                                 subscribed.error().message);
        return;
    }
    context_.broker.start(*subscribed->subscription);
}

void PlainProtocol::on_message(bool binary, std::string_view payload)
{
    context_.session.counters().messages_in++;
    if (!context_.permissions.may_publish(topic_)) {
        context_.transport.close(kClosePolicy, "publishing is not allowed");
        return;
    }
    const int64_t now_ms = context_.clock.now_ms();
    if (!bucket_.take(now_ms)) {
        context_.transport.close(kClosePolicy, "too many messages");
        return;
    }
    Publication publication;
    publication.topic = topic_;
    publication.kind = binary ? PayloadKind::binary : PayloadKind::text;
    publication.payload = payload;
    publication.now_ms = now_ms;
    const auto published = context_.broker.publisher().publish(publication);
    if (!published) {
        context_.transport.close(kCloseInternalError,
                                 published.error().message);
    }
}

} // namespace ws_pubsub
