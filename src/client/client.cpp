#include "client/client.hpp"

#include <utility>

#include "client/permit_keeper.hpp"
#include "client/recheck.hpp"

namespace ws_pubsub {

namespace {

constexpr std::string_view kSubscribe = "subscribe to";

bool allow(Question::About about, const Selector& wanted,
           const Permissions& permissions)
{
    return about == Question::About::publish
               ? permissions.may_publish(wanted)
               : permissions.may_subscribe(wanted);
}

// What counts of that comes with the first token.
Permissions permissions_before(Admission& admission)
{
    return admission.token_due_s != 0 ? Permissions{}
                                      : std::move(admission.rights.permissions);
}

} // namespace

Client::Client(Registry& registry, SessionLease lease, Link& link,
               Encoding encoding, const ClientSettings& settings,
               Admission admission)
    : session_(link, encoding, settings.limits,
               std::move(admission.rights.identity)),
      lease_(std::move(lease)), registry_(registry), link_(link),
      settings_(settings), permissions_(permissions_before(admission)),
      credentials_(Credentials::of(admission)),
      bucket_(settings.rate, registry.clock_.ticks_ms()),
      since_s_(static_cast<uint32_t>(registry.clock_.now_ms() / 1000))
{
    registry_.add(*this, admission.session_id);
}

void Client::leave()
{
    if (!lease_) {
        return;
    }
    registry_.remove(*this);
    if (credentials_ != nullptr && credentials_->recheck() != nullptr) {
        cancel(*credentials_->recheck());
    }
    broker().remove_session(session_);
    lease_.give_back();
}

std::string_view Client::user() const
{
    return credentials_ == nullptr ? std::string_view() : credentials_->user();
}

uint32_t Client::end_s() const
{
    return credentials_ == nullptr ? 0 : credentials_->end_s();
}

Broker::Unsubscribed Client::withdraw(std::string_view selector,
                                      const Error& why)
{
    const auto ended = broker().withdraw(session_, selector, why);
    if (credentials_ != nullptr && ended == Broker::Unsubscribed::done) {
        credentials_->forget_permit(selector);
    }
    return ended;
}

bool Client::begin_command()
{
    session_.counters().messages_in++;
    return bucket_.take(settings_.rate, registry_.clock().ticks_ms());
}

void Client::resume()
{
    if (effort_.resume()) {
        link_.go_on_soon();
    }
}

Result<Authenticated> Client::authenticate(std::string_view token)
{
    if (credentials_ == nullptr) {
        return kTakesNoTokens;
    }
    auto rights = credentials_->take(token, registry_.clock());
    if (!rights) {
        return rights.error();
    }
    permissions_ = std::move(rights->permissions);
    credentials_->set_recheck(std::make_unique<Recheck>(
        *this, broker(), std::move(rights->identity)));
    link_.due_changed();
    return Authenticated{rights->user.value_or(""), rights->expires_ms};
}

void Client::settle()
{
    if (credentials_ == nullptr) {
        return;
    }
    if (credentials_->refused()) {
        return close(EndCause::unauthorized, "the token was no good");
    }
    Recheck* recheck = credentials_->recheck();
    if (recheck != nullptr && !recheck->is_over() && !begin(*recheck)) {
        effort_.pause();
    }
}

std::optional<Error>
Client::show_ticket(const std::optional<std::string>& ticket)
{
    if (ticket) {
        return credentials_ == nullptr ? kTakesNoTokens
                                       : credentials_->show(*ticket);
    }
    put_permit_away();
    return std::nullopt;
}

void Client::put_permit_away()
{
    if (credentials_ != nullptr) {
        credentials_->put_away();
    }
}

std::optional<Error> Client::renew(const Selector& selector)
{
    if (!broker().is_subscribed(session_, selector.text())) {
        return kNotSubscribed;
    }
    if (!credentials_->hold_permit(selector)) {
        return kDenied;
    }
    link_.due_changed();
    return std::nullopt;
}

// The subscription that was made with a permit lasts as long as that allows it.
void Client::hold_permit(const Selector& selector)
{
    if (credentials_ == nullptr) {
        return;
    }
    if (credentials_->hold_permit(selector)) {
        link_.due_changed();
    } else {
        credentials_->forget_permit(selector.text()); // of one that has ended
    }
}

// What is shown beside its permissions; nullptr: nothing.
const Permit* Client::permit() const
{
    return credentials_ == nullptr ? nullptr
                                   : credentials_->shown(registry_.clock());
}

bool Client::must_ask(Question::About about, std::string_view wanted) const
{
    const HookRules::Mode mode = settings_.hooks.mode(about);
    if (mode == HookRules::Mode::off) {
        return false;
    }
    const Selector selector = *Selector::parse(wanted);
    const Permit* shown = permit();
    const bool has_permit =
        shown != nullptr && allow(about, selector, shown->permissions);
    if (has_permit && shown->of == Permit::Of::hook) {
        return false;
    }
    return has_permit || allow(about, selector, permissions_)
               ? mode == HookRules::Mode::always
               : !is_reserved(wanted);
}

std::unique_ptr<PendingHook> Client::ask(const Question& question,
                                         Hooks::Done done)
{
    Hooks* hooks = credentials_ == nullptr ? nullptr : credentials_->hooks();
    return hooks == nullptr ? nullptr : hooks->ask(question, std::move(done));
}

void Client::show_verdict(Question::About about, std::string_view wanted)
{
    if (credentials_ != nullptr) {
        credentials_->show(permit_of_hook(about, *Selector::parse(wanted),
                                          settings_.hooks, registry_.clock()));
    }
}

// By the permit, where that is enough.
Access Client::access_to(const Selector& wanted)
{
    const Permit* shown = permit();
    return access(shown != nullptr && shown->permissions.may_subscribe(wanted)
                      ? shown->permissions
                      : permissions_);
}

// Why it may not read that; nullopt: it may.
std::optional<Error> Client::check_reading(const Selector& wanted)
{
    if (must_ask(Question::About::subscribe, wanted.text())) {
        return kCantAsk;
    }
    return access_to(wanted).may_read(wanted, kSubscribe)
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
            registry_.clock(),
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
        hold_permit(selector);
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
        hold_permit(selector);
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
    if (credentials_ != nullptr && ended == Broker::Unsubscribed::done) {
        credentials_->forget_permit(selector);
    }
    return ended;
}

Result<ChangeAnswer> Client::publish(const PublishRequest& request)
{
    if (must_ask(Question::About::publish, request.topic)) {
        return kCantAsk;
    }
    const Permit* shown = permit();
    return access(shown != nullptr &&
                          shown->permissions.may_publish(request.topic)
                      ? shown->permissions
                      : permissions_)
        .publish(request);
}

Result<Reader> Client::reader(const Selector& wanted)
{
    if (must_ask(Question::About::subscribe, wanted.text())) {
        return kCantAsk;
    }
    return access_to(wanted).reader(wanted, kSubscribe);
}

Result<PresenceList> Client::who(const Selector& topic)
{
    if (const auto fault = check_reading(topic)) {
        return *fault;
    }
    if (!broker().publisher().policies.of(topic.text()).presence) {
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

int64_t Client::due_left_ms() const
{
    return credentials_ == nullptr
               ? Credentials::kNever
               : credentials_->due_left_ms(registry_.clock());
}

bool Client::run_due()
{
    if (due_left_ms() > 0) {
        return false;
    }
    if (credentials_->left_ms(registry_.clock()) > 0) {
        PermitKeeper(*this, *credentials_).run();
    } else if (credentials_->awaits_token()) {
        close(EndCause::unauthorized, "no token has come in time");
    } else {
        close(EndCause::expired, "the token has expired");
    }
    return session_.stopped();
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
