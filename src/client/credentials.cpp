#include "client/credentials.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "client/recheck.hpp"

namespace ws_pubsub {

namespace {

constexpr int64_t kMinuteMs = 60LL * 1000;

int64_t left_ms_until(uint32_t end_s, const Clock& clock)
{
    return end_s == 0 ? Credentials::kNever
                      : int64_t{end_s} * 1000 - clock.now_ms();
}

Permissions permissions_of(Ticket& ticket)
{
    const auto allowed = std::make_shared<const std::vector<Selector>>(
        1, std::move(ticket.selector));
    return {allowed, ticket.may_publish ? allowed : nullptr};
}

} // namespace

std::unique_ptr<Credentials> Credentials::of(Admission& admission)
{
    const bool may_change =
        admission.authority != nullptr || admission.hooks != nullptr ||
        admission.token_due_s != 0 || admission.rights.end_s != 0 ||
        admission.rights.user.has_value();
    return std::unique_ptr<Credentials>(may_change ? new Credentials(admission)
                                                   : nullptr);
}

Credentials::Credentials(Admission& admission)
    : authority_(std::move(admission.authority)),
      hooks_(std::move(admission.hooks)), user_(admission.rights.user),
      mark_(admission.rights.mark), token_due_s_(admission.token_due_s),
      end_s_(admission.rights.end_s)
{
    if (admission.permit) {
        show(std::move(*admission.permit));
    }
}

Credentials::~Credentials() = default;

void Credentials::set_recheck(std::unique_ptr<Recheck> recheck)
{
    recheck_ = std::move(recheck);
}

int64_t Credentials::left_ms(const Clock& clock) const
{
    if (!awaits_token()) {
        return left_ms_until(end_s_, clock);
    }
    return has_token_ ? kNever : left_ms_until(token_due_s_, clock);
}

int64_t Credentials::due_left_ms(const Clock& clock) const
{
    return std::min(left_ms(clock), permits_left_ms(clock));
}

int64_t Credentials::permits_left_ms(const Clock& clock) const
{
    return permits_ == nullptr ? kNever
                               : left_ms_until(permits_->first_due_s(), clock);
}

bool Credentials::may_refresh(int64_t ticks_ms)
{
    if (refreshes_ == 0 || ticks_ms - since_ms_ >= kMinuteMs) {
        since_ms_ = ticks_ms;
        refreshes_ = 0;
    }
    if (refreshes_ >= kMaxTokenRefreshesAMinute) {
        return false;
    }
    refreshes_++;
    return true;
}

Result<Rights> Credentials::take(std::string_view token, const Clock& clock)
{
    has_token_ = false;
    if (authority_ == nullptr) {
        return kTakesNoTokens;
    }
    if (!awaits_token() && !may_refresh(clock.ticks_ms())) {
        return Error{Errc::rate, "too many tokens"};
    }
    auto rights = authority_->take(
        token, user_ ? std::optional<std::string_view>(*user_) : std::nullopt);
    if (!rights) {
        const Errc code = rights.error().code;
        refused_ = awaits_token() &&
                   (code == Errc::no_identity || code == Errc::expired);
        return rights;
    }
    user_ = rights->user;
    mark_ = rights->mark;
    token_due_s_ = 0;
    end_s_ = rights->end_s;
    return rights;
}

std::optional<Error> Credentials::show(std::string_view ticket)
{
    put_away();
    if (authority_ == nullptr) {
        return kTakesNoTokens;
    }
    auto checked = authority_->check(ticket);
    if (!checked) {
        return checked.error();
    }
    if (!checked->user.empty() && checked->user != user_) {
        return Error{Errc::denied, "the ticket is another user's"};
    }
    show({permissions_of(*checked), checked->end_s, Permit::Of::ticket,
          std::move(checked->user), checked->mark});
    return std::nullopt;
}

bool Credentials::revoke_permits(const Revocation& revocation)
{
    return permits_ != nullptr && permits_->revoke(revocation);
}

Permits& Credentials::permits()
{
    if (permits_ == nullptr) {
        permits_ = std::make_unique<Permits>();
    }
    return *permits_;
}

void Credentials::put_away()
{
    if (permits_ != nullptr) {
        permits_->put_away();
    }
}

const Permit* Credentials::shown(const Clock& clock) const
{
    if (permits_ == nullptr || !permits_->shown()) {
        return nullptr;
    }
    const Permit& shown = *permits_->shown();
    return shown.of == Permit::Of::hook || left_ms_until(shown.due_s, clock) > 0
               ? &shown
               : nullptr;
}

bool Credentials::hold_permit(const Selector& selector)
{
    return permits_ != nullptr && permits_->hold(selector);
}

void Credentials::forget_permit(std::string_view selector)
{
    if (permits_ != nullptr) {
        permits_->forget(selector);
    }
}

std::optional<std::string> Credentials::due_permit(const Clock& clock) const
{
    return permits_left_ms(clock) > 0
               ? std::nullopt
               : std::optional(std::string(permits_->first()));
}

} // namespace ws_pubsub
