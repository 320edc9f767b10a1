// What a client has shown of who it is, as far as time or tokens may change it.
//
// Thread safety: none; a client's own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/token_mark.hpp"
#include "client/authority.hpp"
#include "client/hooks.hpp"
#include "client/permits.hpp"

namespace ws_pubsub {

class Recheck;

// What each way of asking is answered alike.
inline constexpr Error kNeedsToken{Errc::no_identity,
                                   "a token is needed first"};
inline constexpr Error kTakesNoTokens{Errc::bad_request,
                                      "no tokens are taken here"};
inline constexpr Error kTicketEnded{Errc::expired, "the ticket has expired"};

// What a client is let in with.
struct Admission {
    Rights rights;
    std::unique_ptr<Authority> authority; // null: tokens are of no use to it
    // When its first token has to be there, in seconds of the system's clock;
    // 0: it has one, or needs none.
    uint32_t token_due_s = 0;
    std::unique_ptr<Hooks> hooks; // null: none is asked
    // What a hook that was asked before has allowed, at once.
    std::optional<Permit> permit;
    uint64_t session_id = 0; // 0: it has none yet
};

class Credentials {
public:
    static constexpr int64_t kNever = INT64_MAX;

    // Takes authority, hooks and permit, and copies what it needs of the rest.
    // nullptr: there was no token, and nothing will change.
    static std::unique_ptr<Credentials> of(Admission& admission);
    Credentials(const Credentials&) = delete;
    Credentials& operator=(const Credentials&) = delete;
    ~Credentials();

    [[nodiscard]] bool takes_tokens() const { return authority_ != nullptr; }
    // As of Authority; nullptr: nothing is checked.
    [[nodiscard]] CheckTurns* check_turns() const
    {
        return takes_tokens() ? &authority_->turns() : nullptr;
    }
    // It may do nothing before its first token.
    [[nodiscard]] bool awaits_token() const { return token_due_s_ != 0; }
    // The first has come in time, and waits to be taken.
    void note_token() { has_token_ = true; }
    // How long until the session ends by time; kNever.
    [[nodiscard]] int64_t left_ms(const Clock& clock) const;
    // The same, or until a permit is due.
    [[nodiscard]] int64_t due_left_ms(const Clock& clock) const;

    // A token: what the client may do from now on. Nothing changes on an error:
    // bad_request, none is taken; rate, too many came; as Authority::take().
    Result<Rights> take(std::string_view token, const Clock& clock);
    // Of its token; empty: nobody's.
    [[nodiscard]] std::string_view user() const
    {
        return user_ ? std::string_view(*user_) : std::string_view();
    }
    // When the session ends by that, in seconds; 0: never.
    [[nodiscard]] uint32_t end_s() const { return end_s_; }
    // Its first token was no good: it has no second try.
    [[nodiscard]] bool refused() const { return refused_; }

    // Whether that covers the session's token.
    [[nodiscard]] bool is_revoked(const Revocation& revocation) const
    {
        return user_ && revocation.covers(*user_, mark_);
    }
    // What tickets that it covers have allowed is due now. True: there is some.
    bool revoke_permits(const Revocation& revocation);

    // The ticket that a command comes with; the permit before is put away.
    // nullopt: it is good. Errors: bad_request, none are taken; denied, it is
    // another user's; as Authority::check().
    std::optional<Error> show(std::string_view ticket);
    void show(Permit permit) { permits().show(std::move(permit)); }
    void put_away();
    // What allows that command more; nullptr: nothing, or it has ended.
    [[nodiscard]] const Permit* shown(const Clock& clock) const;
    // What its subscriptions stay for.
    [[nodiscard]] Permits& permits();
    // Whether a subscription to the selector stays for one of these.
    [[nodiscard]] bool has_permit(std::string_view selector) const
    {
        return permits_ != nullptr && permits_->allow(selector);
    }
    // The subscription stays for the permit that is shown. False: that is not
    // for it.
    bool hold_permit(const Selector& selector);
    void forget_permit(std::string_view selector);
    // The selector of the first that is due; nullopt: there is none.
    [[nodiscard]] std::optional<std::string>
    due_permit(const Clock& clock) const;

    // nullptr: none is asked.
    [[nodiscard]] Hooks* hooks() const { return hooks_.get(); }

    // What looks at its subscriptions since its rights have changed; null: they
    // have not.
    [[nodiscard]] Recheck* recheck() const { return recheck_.get(); }
    void set_recheck(std::unique_ptr<Recheck> recheck);

private:
    explicit Credentials(Admission& admission);
    bool may_refresh(int64_t ticks_ms);
    [[nodiscard]] int64_t permits_left_ms(const Clock& clock) const;

    std::unique_ptr<Authority> authority_;
    std::unique_ptr<Recheck> recheck_;
    std::unique_ptr<Hooks> hooks_;
    std::unique_ptr<Permits> permits_; // null: it has had none
    std::optional<std::string> user_;  // nullopt: there was no token yet
    TokenMark mark_;                   // of that
    uint32_t token_due_s_;
    uint32_t end_s_;         // 0: never
    uint32_t refreshes_ = 0; // since then
    int64_t since_ms_ = 0;
    bool refused_ = false;
    bool has_token_ = false; // the first, which waits to be taken
};

} // namespace ws_pubsub
