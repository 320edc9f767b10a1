#include "client/client.hpp"

#include <utility>

#include "client/control_order.hpp"

namespace ws_pubsub {

namespace {

constexpr std::string_view kSubscribe = "subscribe to";

} // namespace

Client::Client(Registry& registry, SessionLease lease, Link& link,
               Encoding encoding, const ClientSettings& settings,
               Admission admission)
    : membership_(registry, std::move(lease), link, encoding, settings.limits,
                  std::move(admission.rights.identity)),
      link_(link), settings_(settings), standing_(*this, admission),
      bucket_(settings.rate, registry.clock().ticks_ms()), effort_(*this)
{
    registry.add(*this, admission.session_id);
}

void Client::leave()
{
    if (membership_.has_left()) {
        return;
    }
    membership_.registry_.remove(*this);
    standing_.end();
    membership_.leave();
}

Broker::Unsubscribed Client::withdraw(std::string_view selector,
                                      const Error& why)
{
    const auto ended = broker().withdraw(session(), selector, why);
    if (ended == Broker::Unsubscribed::done) {
        standing_.forget_permit(selector);
    }
    return ended;
}

bool Client::begin_command()
{
    session().counters().messages_in++;
    return bucket_.take(settings_.rate, clock().ticks_ms());
}

// Why it may not read that; nullopt: it may.
std::optional<Error> Client::check_reading(const Selector& wanted)
{
    if (standing_.must_ask(Question::About::subscribe, wanted.text())) {
        return kCantAsk;
    }
    return access(standing_.to_read(wanted)).may_read(wanted, kSubscribe)
               ? std::nullopt
               : std::optional(kDenied);
}

// `session`: its id, where that is told to anybody.
Access Client::access(const Permissions& permissions, std::string_view session)
{
    const DenialLog log{[](void* to, const Denial& denial) {
                            static_cast<Link*>(to)->log_denial(denial);
                        },
                        &link_};
    return {broker().publisher(),
            clock(),
            {&permissions,
             {KeyOwner::Kind::session, membership_.session().identity().text()},
             settings_.max_message,
             standing_.user(),
             session},
            log};
}

Result<Subscribed> Client::subscribe(const Selector& selector,
                                     SubscribeOptions options)
{
    if (const auto fault = check_reading(selector)) {
        return *fault;
    }
    auto subscribed =
        broker().subscribe(session(), selector, std::move(options));
    if (subscribed) {
        standing_.hold_permit(selector);
    }
    return subscribed;
}

Result<std::unique_ptr<Subscribing>>
Client::begin_subscribing(const Selector& selector, SubscribeOptions options)
{
    if (const auto fault = check_reading(selector)) {
        return *fault;
    }
    return std::make_unique<Subscribing>(broker().topics(), session(), selector,
                                         std::move(options));
}

Result<Subscribed> Client::subscribe(const Selector& selector,
                                     Subscribing& subscribing)
{
    if (const auto fault = check_reading(selector)) {
        return *fault;
    }
    auto subscribed = broker().subscribe(subscribing);
    if (subscribed) {
        standing_.hold_permit(selector);
    }
    return subscribed;
}

void Client::start(Subscription& subscription)
{
    broker().start(subscription);
}

Broker::Unsubscribed Client::unsubscribe(std::string_view selector)
{
    const auto ended = broker().unsubscribe(session(), selector);
    if (ended == Broker::Unsubscribed::done) {
        standing_.forget_permit(selector);
    }
    return ended;
}

Outcome Client::publish(const PublishRequest& request)
{
    if (standing_.must_ask(Question::About::publish, request.topic)) {
        return kCantAsk;
    }
    const std::string session = broker().store().events.tells_publishes()
                                    ? session_id_text(id())
                                    : std::string();
    return access(standing_.to_publish(request.topic), session)
        .publish(request);
}

Result<Reader> Client::reader(const Selector& wanted)
{
    if (const auto fault = check_reading(wanted)) {
        return *fault;
    }
    return broker().publisher().served_reader();
}

Result<PresenceList> Client::who(const Selector& topic)
{
    if (const auto fault = check_reading(topic)) {
        return *fault;
    }
    if (!broker().publisher().policy_of(topic.text()).presence) {
        return Error{Errc::bad_request, "the topic has no presence"};
    }
    return broker().who(topic.text());
}

} // namespace ws_pubsub
