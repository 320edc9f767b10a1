// Revocations: which tokens are no good any more, though they were signed.
//
// A token of whom nothing is revoked costs no lock: a number tells that there
// are no revocations at all.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/token_mark.hpp"
#include "shm/transaction.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

// One as it is listed.
struct ListedRevocation {
    Revocation revocation;
    int64_t ends_ms = 0; // since 1970

    // By which they are in order; of each another one.
    [[nodiscard]] std::string name() const;
};

// What a put() took the place of.
struct ReplacedRevocation {
    bool existed = false;
    int64_t before_ms = 0;
    int64_t expires_ms = 0; // in ticks
    int64_t ends_ms = 0;
    int64_t put_ends_ms = 0; // of what took its place
};

class Revocations {
public:
    Revocations(ZoneAccess& access, TopicsHeader& header, TopicParts& parts)
        : access_(access), header_(header), parts_(parts)
    {}

    // From now on, for so long, or so long from the time that it names. It
    // takes the place of one of the same user or id. Errors: bad_request, the
    // text is too long; zone_full, there are too many, or there is no memory at
    // all. Then nothing is revoked.
    std::optional<Error> put(const Revocation& revocation, int64_t keep_ms,
                             ReplacedRevocation* replaced = nullptr);
    // That put() did not happen. No effect where there was another one since.
    void take_back(const Revocation& revocation,
                   const ReplacedRevocation& replaced);
    // False: there was none.
    bool remove(Revocation::Of of, std::string_view text);
    // Whether one covers the token.
    [[nodiscard]] bool cover(std::string_view user, const TokenMark& mark);
    // Those behind the name `after`, in order, `most` of them.
    [[nodiscard]] std::vector<ListedRevocation> list(const std::string& after,
                                                     size_t most);

    // One that was put before this zone was made. False: there is no room for
    // it. REQUIRES the lock.
    bool restore(Transaction& tx, const Revocation& revocation,
                 int64_t expires_ms, int64_t ends_ms);
    // Frees some of those whose time is over. REQUIRES the lock.
    void look_after(Transaction& tx, int64_t ticks_ms);

private:
    [[nodiscard]] uint64_t hash(Revocation::Of of, std::string_view text) const;
    [[nodiscard]] RevocationRecord** bucket(uint64_t hash) const;
    [[nodiscard]] RevocationRecord* find(Revocation::Of of,
                                         std::string_view text) const;
    [[nodiscard]] RevocationRecord* find_id(uint64_t number) const;
    [[nodiscard]] bool counts(const RevocationRecord* record,
                              const TokenMark& mark) const;
    [[nodiscard]] bool has_room_for(size_t bytes) const;
    bool make_room(Transaction& tx, size_t bytes, int64_t ticks_ms);
    RevocationRecord* make(Transaction& tx, const Revocation& revocation);
    void set_times(Transaction& tx, RevocationRecord& record, int64_t before_ms,
                   int64_t expires_ms, int64_t ends_ms);
    void drop(Transaction& tx, RevocationRecord** link);
    void drop(Transaction& tx, RevocationRecord& record);
    void sweep(Transaction& tx, size_t bucket, int64_t ticks_ms);

    ZoneAccess& access_;
    TopicsHeader& header_;
    TopicParts& parts_;
};

} // namespace ws_pubsub
