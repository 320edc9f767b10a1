#include "client/client.hpp"

#include <utility>

namespace ws_pubsub {

namespace {

constexpr std::string_view kSubscribe = "subscribe to";

} // namespace

Client::Client(Registry& registry, SessionLease lease, Link& link,
               Encoding encoding, const ClientSettings& settings,
               Admission admission)
    : session_(link, encoding, settings.limits,
               std::move(admission.rights.identity)),
      lease_(std::move(lease)), registry_(registry), link_(link),
      settings_(settings), standing_(*this, admission),
      bucket_(settings.rate, registry.clock().ticks_ms()),
      since_s_(static_cast<uint32_t>(registry.clock().now_ms() / 1000))
{
    registry_.add(*this, admission.session_id);
}

void Client::leave()
{
    if (!lease_) {
        return;
    }
    registry_.remove(*this);
    standing_.end();
    broker().remove_session(session_);
    lease_.give_back();
}

Broker::Unsubscribed Client::withdraw(std::string_view selector,
                                      const Error& why)
{
    const auto ended = broker().withdraw(session_, selector, why);
    if (ended == Broker::Unsubscribed::done) {
        standing_.forget_permit(selector);
    }
    return ended;
}

bool Client::begin_command()
{
    session_.counters().messages_in++;
    return bucket_.take(settings_.rate, clock().ticks_ms());
}

void Client::resume()
{
    if (effort_.resume()) {
        link_.go_on_soon();
    }
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

Access Client::access(const Permissions& permissions)
{
    const DenialLog log{[](void* to, const Denial& denial) {
                            static_cast<Link*>(to)->log_denial(denial);
                        },
                        &link_};
    return {broker().publisher(),
            clock(),
            {&permissions,
             {KeyOwner::Kind::session, session_.identity()},
             settings_.max_message},
            log};
}

Result<Subscribed> Client::subscribe(const Selector& selector,
                                     SubscribeOptions options)
{
    if (const auto fault = check_reading(selector)) {
        return *fault;
    }
    auto subscribed =
        broker().subscribe(session_, selector, std::move(options));
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
    return std::make_unique<Subscribing>(broker().topics(), session_, selector,
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
    const auto ended = broker().unsubscribe(session_, selector);
    if (ended == Broker::Unsubscribed::done) {
        standing_.forget_permit(selector);
    }
    return ended;
}

Result<ChangeAnswer> Client::publish(const PublishRequest& request)
{
    if (standing_.must_ask(Question::About::publish, request.topic)) {
        return kCantAsk;
    }
    return access(standing_.to_publish(request.topic)).publish(request);
}

Result<Reader> Client::reader(const Selector& wanted)
{
    if (const auto fault = check_reading(wanted)) {
        return *fault;
    }
    return broker().publisher().reader();
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

bool Client::begin(Work& work)
{
    return broker().begin(work);
}

void Client::cancel(const Work& work)
{
    broker().cancel(work);
}

void Client::send_more()
{
    broker().resume(session_);
}

void Client::caught_up()
{
    broker().caught_up(session_);
}

bool Client::end_subscriptions()
{
    return broker().end_subscriptions(session_);
}

void Client::count_slow()
{
    Broker& its = broker();
    its.store().workers.counters(its.worker()).slow.add(1);
}

} // namespace ws_pubsub
