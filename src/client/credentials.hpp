// What a client has shown of who it is, as far as time or tokens may change it.
//
// Thread safety: none; a client's own.
#pragma once

#include <cstdint>
#include <memory>

#include "client/authority.hpp"

namespace ws_pubsub {

// What a client is let in with.
struct Admission {
    Rights rights;
    std::unique_ptr<Authority> authority; // null: tokens are of no use to it
    // When its first token has to be there, in seconds of the system's clock;
    // 0: it has one, or needs none.
    uint32_t token_due_s = 0;
};

class Credentials {
public:
    static constexpr int64_t kNever = INT64_MAX;

    // Takes the authority. nullptr: nothing will change.
    static std::unique_ptr<Credentials> of(Admission& admission);

    [[nodiscard]] bool takes_tokens() const { return authority_ != nullptr; }
    // It may do nothing before its first token.
    [[nodiscard]] bool awaits_token() const { return token_due_s_ != 0; }
    // How long until the session ends by time; kNever. `now_ms`: of the
    // system's clock.
    [[nodiscard]] int64_t left_ms(int64_t now_ms) const;

private:
    explicit Credentials(Admission& admission);

    std::unique_ptr<Authority> authority_;
    uint32_t token_due_s_;
    uint32_t end_s_; // 0: never
};

} // namespace ws_pubsub
