// Publishes what peers ask for, over whatever protocol: a message, or a change
// to the value that a topic keeps.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/publisher.hpp"
#include "json/patch.hpp"

namespace ws_pubsub {

// A message to be published, or the change to be made.
struct PublishRequest {
    std::string_view topic;
    PayloadKind kind = PayloadKind::json;
    std::string_view content_type;
    std::string_view payload;
    std::optional<PatchKind> patch; // of `payload`, to the kept value
    Condition condition;
    std::string_view idempotency_key; // empty: none
};

// Applies the patch to the topic's value and publishes the result, of up to
// `max_bytes`, on condition that nobody has published meanwhile: else it begins
// anew, and after kMaxPatchRaces or kMaxPatchRaceBytes keeps all others from
// publishing, where the value and the patch are no larger than
// kMaxLockedPatchBytes together, and nobody else has to agree. Of `publication`
// kind, content type and payload don't count. With an idempotency key a patch
// is applied once.
//
// Errors: as apply_patch() and Topics::publish(); unknown_topic, no value is
// kept.
Outcome publish_patch(const Publisher& publisher, const Change& publication,
                      const Patch& patch, size_t max_bytes);

// Whose idempotency keys a publisher's are: those of others never meet them, so
// that nobody who guesses a key stands in its owner's way.
struct KeyOwner {
    enum class Kind : char {
        application = 'a', // whoever may do all
        http_client = 'h',
        session = 'w',
    };
    Kind kind;
    std::string_view identity; // empty: one of those who have none
};

// Which share of the zone the keys are in.
KeyShare share_of(const KeyOwner& owner);

// The key as the zone knows it; empty: none.
std::string owned_key(const KeyOwner& owner, std::string_view key);

// Does what a publish says, with a message of up to `max_bytes`; `author` is
// told to those who are told of it. Whether the peer may is up to the caller.
Outcome publish(const Publisher& publisher, const PublishRequest& request,
                const KeyOwner& owner, int64_t now_ms, size_t max_bytes,
                const ChangeAuthor& author = {});

} // namespace ws_pubsub
