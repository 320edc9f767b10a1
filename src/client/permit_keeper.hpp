// Does what is due for the permits that a client's subscriptions stay for: ends
// subscriptions, and asks hooks anew.
#pragma once

#include <cstdint>
#include <string>

#include "client/credentials.hpp"

namespace ws_pubsub {

class Client;

// What a hook has allowed, until it is to be asked anew.
Permit permit_of_hook(Question::About about, const Selector& wanted,
                      const HookRules& rules, const Clock& clock);

// Made for a call.
class PermitKeeper {
public:
    // What a hook says later still is for them.
    PermitKeeper(Client& client, Credentials& credentials)
        : client_(client), credentials_(credentials)
    {}

    // As far as this turn may end subscriptions.
    void run();

private:
    // False: the turn is over.
    bool end(const std::string& selector, const Error& why);
    void ask_again(const std::string& selector);
    void take(const std::string& selector, Verdict verdict);
    void wait(const std::string& selector, Renewal& renewal);
    [[nodiscard]] uint32_t in_seconds(uint32_t seconds) const;

    Client& client_;
    Credentials& credentials_;
};

} // namespace ws_pubsub
