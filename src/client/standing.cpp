#include "client/standing.hpp"

#include <utility>

#include "client/client.hpp"
#include "client/permit_keeper.hpp"
#include "client/recheck.hpp"

namespace ws_pubsub {

namespace {

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

Standing::Standing(Client& client, Admission& admission)
    : client_(client), permissions_(permissions_before(admission)),
      credentials_(Credentials::of(admission))
{}

void Standing::note_token()
{
    if (awaits_token()) {
        credentials_->note_token();
        client_.link_.due_changed();
    }
}

Result<Authenticated> Standing::authenticate(std::string_view token)
{
    if (credentials_ == nullptr) {
        return kTakesNoTokens;
    }
    auto rights = credentials_->take(token, client_.clock());
    client_.link_.due_changed();
    if (!rights) {
        return rights.error();
    }
    permissions_ = std::move(rights->permissions);
    credentials_->set_recheck(std::make_unique<Recheck>(
        client_, client_.broker(), std::move(rights->identity)));
    client_.tell_open();
    return Authenticated{rights->user.value_or(""), rights->expires_ms};
}

void Standing::settle()
{
    if (credentials_ == nullptr) {
        return;
    }
    if (credentials_->refused()) {
        return client_.close(EndCause::unauthorized, "the token was no good");
    }
    Recheck* recheck = credentials_->recheck();
    if (recheck != nullptr && !recheck->is_over()) {
        client_.effort_.begin(*recheck);
    }
}

std::optional<Error>
Standing::show_ticket(const std::optional<std::string>& ticket)
{
    if (ticket) {
        return credentials_ == nullptr ? kTakesNoTokens
                                       : credentials_->show(*ticket);
    }
    put_permit_away();
    return std::nullopt;
}

void Standing::put_permit_away()
{
    if (credentials_ != nullptr) {
        credentials_->put_away();
    }
}

std::optional<Error> Standing::renew(const Selector& selector)
{
    if (!client_.broker().is_subscribed(client_.session(), selector.text())) {
        return kNotSubscribed;
    }
    if (!credentials_->hold_permit(selector)) {
        return kDenied;
    }
    client_.link_.due_changed();
    return std::nullopt;
}

void Standing::hold_permit(const Selector& selector)
{
    if (credentials_ == nullptr) {
        return;
    }
    if (credentials_->hold_permit(selector)) {
        client_.link_.due_changed();
    } else {
        credentials_->forget_permit(selector.text()); // of one that has ended
    }
}

void Standing::forget_permit(std::string_view selector)
{
    if (credentials_ != nullptr) {
        credentials_->forget_permit(selector);
    }
}

// What is shown beside its permissions; nullptr: nothing.
const Permit* Standing::permit() const
{
    return credentials_ == nullptr ? nullptr
                                   : credentials_->shown(client_.clock());
}

bool Standing::must_ask(Question::About about, std::string_view wanted) const
{
    const HookRules& hooks = client_.settings_.hooks;
    if (hooks.mode(about) == HookRules::Mode::off) {
        return false;
    }
    const Selector selector = *Selector::parse(wanted);
    const Permit* shown = permit();
    const bool has_permit =
        shown != nullptr && allow(about, selector, shown->permissions);
    if (has_permit && shown->of == Permit::Of::hook) {
        return false;
    }
    return hooks.must_ask(
        about, has_permit || allow(about, selector, permissions_), wanted);
}

std::unique_ptr<PendingHook> Standing::ask(const Question& question,
                                           Hooks::Done done)
{
    Hooks* hooks = credentials_ == nullptr ? nullptr : credentials_->hooks();
    return hooks == nullptr ? nullptr : hooks->ask(question, std::move(done));
}

void Standing::show_verdict(Question::About about, std::string_view wanted)
{
    if (credentials_ != nullptr) {
        credentials_->show(permit_of_hook(about, *Selector::parse(wanted),
                                          client_.settings_.hooks,
                                          client_.clock()));
    }
}

const Permissions& Standing::to_read(const Selector& wanted) const
{
    const Permit* shown = permit();
    return shown != nullptr && shown->permissions.may_subscribe(wanted)
               ? shown->permissions
               : permissions_;
}

const Permissions& Standing::to_publish(std::string_view topic) const
{
    const Permit* shown = permit();
    return shown != nullptr && shown->permissions.may_publish(topic)
               ? shown->permissions
               : permissions_;
}

bool Standing::revoke(const Revocation& revocation)
{
    if (credentials_ == nullptr) {
        return false;
    }
    if (credentials_->is_revoked(revocation)) {
        client_.close(EndCause::expired, "the token was revoked");
        return true;
    }
    if (credentials_->revoke_permits(revocation)) {
        client_.link_.due_changed();
    }
    return false;
}

int64_t Standing::due_left_ms() const
{
    return credentials_ == nullptr ? Credentials::kNever
                                   : credentials_->due_left_ms(client_.clock());
}

bool Standing::run_due()
{
    if (due_left_ms() > 0) {
        return false;
    }
    if (credentials_->left_ms(client_.clock()) > 0) {
        PermitKeeper(client_, *credentials_).run();
    } else if (credentials_->awaits_token()) {
        client_.close(EndCause::unauthorized, "no token has come in time");
    } else {
        client_.close(EndCause::expired, "the token has expired");
    }
    return client_.session().stopped();
}

void Standing::end()
{
    if (credentials_ != nullptr && credentials_->recheck() != nullptr) {
        client_.effort_.cancel(*credentials_->recheck());
    }
}

} // namespace ws_pubsub
