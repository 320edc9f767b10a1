// What a client may do now, and by what: its permissions, the tokens and the
// tickets that it brings, and what hooks have said.
//
// Thread safety: none; a client's own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/credentials.hpp"
#include "client/hooks.hpp"
#include "client/permissions.hpp"

namespace ws_pubsub {

class Client;

// Who a client is since it has brought a token.
struct Authenticated {
    std::string user;                  // empty: nobody
    std::optional<int64_t> expires_ms; // since 1970; nullopt: never
};

class Standing {
public:
    // The client outlives it, and is made whole before anything is asked of it.
    Standing(Client& client, Admission& admission);
    Standing(const Standing&) = delete;
    Standing& operator=(const Standing&) = delete;
    ~Standing() = default;

    // --- tokens
    // Nothing is allowed before its first token has come.
    [[nodiscard]] bool awaits_token() const
    {
        return credentials_ != nullptr && credentials_->awaits_token();
    }
    // When the next token or ticket may be checked; nullptr: at any time.
    [[nodiscard]] CheckTurns* check_turns() const
    {
        return credentials_ == nullptr ? nullptr : credentials_->check_turns();
    }
    // A token has come, and has to wait for authenticate().
    void note_token();
    // It brings a token: what that allows is what it may do from now on.
    // Nothing changes on an error, which is one of Credentials::take(). Then,
    // after it was answered, settle() is to be called.
    Result<Authenticated> authenticate(std::string_view token);
    // Ends what it may not have any more, for which it may be paused; or its
    // session, if its first token was no good.
    void settle();

    // --- the permit that its next command comes with: for that it adds to what
    // the client may
    // A ticket; nullopt: none. Errors: as Credentials::show().
    std::optional<Error> show_ticket(const std::optional<std::string>& ticket);
    // A hook has said yes to that.
    void show_verdict(Question::About about, std::string_view wanted);
    void put_permit_away();
    // The ticket that is shown is now that of the subscription. Errors: denied,
    // it is not for it; unknown_topic, there is no such subscription.
    std::optional<Error> renew(const Selector& selector);
    // The subscription that was made with the permit stays as long as that.
    void hold_permit(const Selector& selector);
    void forget_permit(std::string_view selector);

    // --- what hooks say
    // Whether one has to be asked before the client may do that, as of what it
    // may, and of the permit that is shown. REQUIRES: `wanted` is a topic or,
    // to subscribe, a selector.
    [[nodiscard]] bool must_ask(Question::About about,
                                std::string_view wanted) const;
    // As of Hooks.
    std::unique_ptr<PendingHook> ask(const Question& question,
                                     Hooks::Done done);

    // --- what it may
    // Without a permit.
    [[nodiscard]] bool may_subscribe(const Selector& wanted) const
    {
        return permissions_.may_subscribe(wanted);
    }
    // Whether a subscription of that selector may stay.
    [[nodiscard]] bool may_keep(const Selector& selector) const
    {
        return may_subscribe(selector) ||
               (credentials_ != nullptr &&
                credentials_->has_permit(selector.text()));
    }
    // What counts for that: the permit's, where that is enough. Valid until
    // either changes.
    [[nodiscard]] const Permissions& to_read(const Selector& wanted) const;
    [[nodiscard]] const Permissions& to_publish(std::string_view topic) const;

    // --- who it is, by its token
    // Empty: nobody.
    [[nodiscard]] std::string_view user() const
    {
        return credentials_ == nullptr ? std::string_view()
                                       : credentials_->user();
    }
    // When its session ends by that, in seconds; 0: never.
    [[nodiscard]] uint32_t end_s() const
    {
        return credentials_ == nullptr ? 0 : credentials_->end_s();
    }

    // --- revocations
    // Closes its session, if that covers its token; else ends what only tickets
    // allow that it covers. True: the session is closed.
    bool revoke(const Revocation& revocation);

    // --- in time
    // Whether what it may do is found out with the request that it began with.
    [[nodiscard]] bool needs_request() const
    {
        return credentials_ != nullptr && (credentials_->takes_tokens() ||
                                           credentials_->hooks() != nullptr);
    }
    // How long until run_due() is to be called; Credentials::kNever.
    [[nodiscard]] int64_t due_left_ms() const;
    // Closes a session whose time is over; or ends subscriptions whose permits
    // have ended, and asks their hooks anew. True: the session has ended.
    bool run_due();
    // The client leaves: nothing is done for it any more.
    void end();

private:
    [[nodiscard]] const Permit* permit() const;

    Client& client_;
    Permissions permissions_;
    std::unique_ptr<Credentials> credentials_; // null: none, and none to come
};

} // namespace ws_pubsub
