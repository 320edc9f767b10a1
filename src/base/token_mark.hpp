// What a token can be revoked by, and revocations.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/keyed_hash.hpp"

namespace ws_pubsub {

// Beside its user. It is kept for each session, so it is small.
struct TokenMark {
    // It does not say when it was issued: before any time.
    static constexpr int64_t kNoTime = std::numeric_limits<int64_t>::min();

    // Of its `jti`; 0: it has none. Issuers make ids that differ, and nobody
    // gains by two that have the same number: both are revoked.
    uint64_t id = 0;
    int64_t issued_ms = kNoTime; // its `iat`, since 1970

    static uint64_t number_of(std::string_view id)
    {
        return id.empty() ? 0 : std::max<uint64_t>(keyed_hash(id, {}), 1);
    }
};

// That tokens which were issued before some time are no good any more.
struct Revocation {
    enum class Of : uint8_t { all, user, id };

    Of of = Of::all;
    std::string text; // the user, or the id
    int64_t before_ms = 0;

    [[nodiscard]] bool covers(std::string_view user,
                              const TokenMark& mark) const
    {
        return mark.issued_ms < before_ms &&
               (of == Of::all ||
                (of == Of::user ? text == user
                                : TokenMark::number_of(text) == mark.id));
    }
};

} // namespace ws_pubsub
