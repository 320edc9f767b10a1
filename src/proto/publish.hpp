// Publishes what clients ask for, over whatever protocol: a message, or a
// change to the value that a topic keeps.
#pragma once

#include <string>
#include <string_view>

#include "broker/publisher.hpp"
#include "proto/command.hpp"
#include "proto/json_patch.hpp"

namespace ws_pubsub {

// Applies the patch to the topic's value and publishes the result, of up to
// `max_bytes`, on condition that nobody has published meanwhile: else it begins
// anew, and after kMaxPatchRaces keeps all others from publishing, where the
// value is no larger than kMaxLockedPatchBytes. Of `publication` kind, content
// type and payload don't count. With an idempotency key a patch is applied
// once.
//
// Errors: as apply_patch() and Store::publish(); unknown_topic, no value is
// kept.
Result<PublishAnswer> publish_patch(const Publisher& publisher,
                                    const Publication& publication,
                                    const Patch& patch, size_t max_bytes);

// Does what a publish says, a message of up to `max_bytes`. Whether the client
// may is up to the caller.
Result<PublishAnswer> publish_command(const Publisher& publisher,
                                      const Command& command, int64_t now_ms,
                                      size_t max_bytes);

// Appends {"topic","epoch","seq","subscribers"}.
void append_publish_answer(std::string& out, std::string_view topic,
                           const PublishAnswer& answer);

} // namespace ws_pubsub
