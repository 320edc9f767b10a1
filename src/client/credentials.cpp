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
    const bool may_change = admission.authority != nullptr ||
                            admission.token_due_s != 0 ||
                            admission.rights.end_s != 0;
    return std::unique_ptr<Credentials>(may_change ? new Credentials(admission)
                                                   : nullptr);
}

Credentials::Credentials(Admission& admission)
    : authority_(std::move(admission.authority)), user_(admission.rights.user),
      token_due_s_(admission.token_due_s), end_s_(admission.rights.end_s)
{}

Credentials::~Credentials() = default;

void Credentials::set_recheck(std::unique_ptr<Recheck> recheck)
{
    recheck_ = std::move(recheck);
}

int64_t Credentials::left_ms(const Clock& clock) const
{
    return left_ms_until(awaits_token() ? token_due_s_ : end_s_, clock);
}

int64_t Credentials::due_left_ms(const Clock& clock) const
{
    return std::min(left_ms(clock), tickets_left_ms(clock));
}

int64_t Credentials::tickets_left_ms(const Clock& clock) const
{
    return tickets_ == nullptr ? kNever
                               : left_ms_until(tickets_->first_end_s(), clock);
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
    if (tickets_ == nullptr) {
        tickets_ = std::make_unique<Tickets>();
    }
    tickets_->show({permissions_of(*checked), checked->end_s});
    return std::nullopt;
}

void Credentials::put_away()
{
    if (tickets_ != nullptr) {
        tickets_->put_away();
    }
}

const Permissions* Credentials::shown(const Clock& clock) const
{
    return tickets_ != nullptr && tickets_->shown() &&
                   left_ms_until(tickets_->shown()->end_s, clock) > 0
               ? &tickets_->shown()->permissions
               : nullptr;
}

bool Credentials::hold_ticket(const Selector& selector)
{
    return tickets_ != nullptr && tickets_->hold(selector);
}

void Credentials::forget_ticket(std::string_view selector)
{
    if (tickets_ != nullptr) {
        tickets_->forget(selector);
    }
}

std::optional<std::string> Credentials::ended_ticket(const Clock& clock) const
{
    return tickets_left_ms(clock) > 0
               ? std::nullopt
               : std::optional(std::string(tickets_->first()));
}

} // namespace ws_pubsub
