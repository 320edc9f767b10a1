#include "client/credentials.hpp"

#include <utility>

#include "base/limits.hpp"
#include "client/recheck.hpp"

namespace ws_pubsub {

namespace {

constexpr int64_t kMinuteMs = 60LL * 1000;

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
    const uint32_t due_s = awaits_token() ? token_due_s_ : end_s_;
    return due_s == 0 ? kNever : int64_t{due_s} * 1000 - clock.now_ms();
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
    auto rights = authority_->rights_of(token);
    if (!rights) {
        const Errc code = rights.error().code;
        refused_ = awaits_token() &&
                   (code == Errc::no_identity || code == Errc::expired);
        return rights;
    }
    if (!user_.empty() && rights->user != user_) {
        return Error{Errc::no_identity, "the token is another user's"};
    }
    authority_->adopt();
    user_ = rights->user;
    token_due_s_ = 0;
    end_s_ = rights->end_s;
    return rights;
}

} // namespace ws_pubsub
