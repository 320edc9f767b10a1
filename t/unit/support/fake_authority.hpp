// An authority for whom tokens and tickets are names, and mean what a test
// says.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/authority.hpp"

namespace ws_pubsub {

// What there is to know of them; it outlives its authorities.
struct FakeTokens {
    std::map<std::string, Rights, std::less<>> rights;
    std::map<std::string, Ticket, std::less<>> tickets;
    std::map<std::string, Error, std::less<>> faults; // of those that have any
    size_t asked = 0;
    std::vector<std::string> taken;

    // One turn after the other without an end, unless a test says when the
    // next one comes.
    bool are_turns_awaited = false;
    bool asked_for_turn = false;
    size_t signatures = 1; // that each check costs
    CheckTurns turns{[this] {
        if (are_turns_awaited) {
            asked_for_turn = true;
        } else {
            turns.run();
        }
    }};
};

class FakeAuthority final : public Authority {
public:
    explicit FakeAuthority(FakeTokens& tokens) : tokens_(tokens) {}

    Result<Rights> take(std::string_view token,
                        std::optional<std::string_view> user) override
    {
        tokens_.asked++;
        tokens_.turns.spend(tokens_.signatures);
        const auto fault = tokens_.faults.find(token);
        if (fault != tokens_.faults.end()) {
            return fault->second;
        }
        const auto found = tokens_.rights.find(token);
        if (found == tokens_.rights.end()) {
            return Error{Errc::no_identity, "no such token"};
        }
        if (user && found->second.user != *user) {
            return Error{Errc::no_identity, "the token is another user's"};
        }
        tokens_.taken.emplace_back(token);
        return found->second;
    }
    Result<Ticket> check(std::string_view ticket) override
    {
        tokens_.asked++;
        tokens_.turns.spend(tokens_.signatures);
        const auto fault = tokens_.faults.find(ticket);
        if (fault != tokens_.faults.end()) {
            return fault->second;
        }
        const auto found = tokens_.tickets.find(ticket);
        return found == tokens_.tickets.end() ? Result<Ticket>(kDenied)
                                              : found->second;
    }
    [[nodiscard]] CheckTurns& turns() override { return tokens_.turns; }

private:
    FakeTokens& tokens_;
};

} // namespace ws_pubsub
