// Every fixed limit of the module. Those that a directive sets have their
// defaults here too. README.md, "Limits", is the table for users.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ws_pubsub {

// Topics (SPEC "Words").
inline constexpr size_t kMaxTopicBytes = 255;
inline constexpr size_t kMaxTopicSegments = 32;

// Commands.
inline constexpr size_t kMaxCommandIdBytes = 64;
inline constexpr size_t kMaxIdempotencyKeyBytes = 128;
inline constexpr int64_t kIdempotencyTtlMs = 5LL * 60 * 1000;
inline constexpr double kMinRate = 0.001; // messages a second of a topic
inline constexpr double kMaxRate = 1000;
inline constexpr size_t kMaxIdentityBytes = 255;
inline constexpr size_t kMaxListedIdentities = 1000;
// More than clients that are sent away wait before they come back.
inline constexpr int64_t kPresenceGraceMs = 5LL * 1000;
inline constexpr size_t kMaxListedTopics = 1000;
inline constexpr size_t kDefaultPageItems = 100;
inline constexpr size_t kMaxPageItems = 1000;
inline constexpr size_t kMaxPageBytes = 1024UL * 1024;
inline constexpr size_t kMaxContentTypeBytes = 127;

// The longest ttl and idle time: ten years.
inline constexpr int64_t kMaxPolicyTimeMs = 10LL * 365 * 24 * 3600 * 1000;
// Patches. The depth is that of the value, before and after, and of the patch.
inline constexpr size_t kMaxPatchOperations = 1000;
inline constexpr size_t kMaxJsonDepth = 512;
// Lost to others who change the value, before the zone is locked for a patch,
// and how many bytes of values and patches are gone through for them; and for
// what values, with their patches, the zone is locked.
inline constexpr size_t kMaxPatchRaces = 64;
inline constexpr size_t kMaxPatchRaceBytes = 1024UL * 1024;
inline constexpr size_t kMaxLockedPatchBytes = 16UL * 1024;

// Texts that deltas are made from for those who don't get every message.
inline constexpr size_t kMaxBaseTexts = 16;                     // of a topic
inline constexpr size_t kMaxBaseTextBytes = 16UL * 1024 * 1024; // of a worker

// What one turn of a worker's event loop does for all sessions of a zone
// together, before others have theirs (docs/internals.md, "Turns"): topics
// looked at for commands, and as many for what subscriptions start with;
// topics let go of, and counted anew; subscriptions of closing sessions that
// have many; and sessions reached by deliveries.
inline constexpr size_t kTopicsPerTurn = 4096;
inline constexpr size_t kTopicsReleasedPerTurn = 4096;
inline constexpr size_t kTopicsCountedPerTurn = 1024;
inline constexpr size_t kEndsPerTurn = 256;
inline constexpr size_t kReachedPerTurn = 32UL * 1024;
// Signatures of the tokens and tickets that sessions bring, of all zones.
inline constexpr size_t kSignaturesPerTurn = 16;
// And what it brings from the zone to them: new messages, and what single
// sessions ask for. A topic counts as so many bytes, beside those of its
// messages.
inline constexpr size_t kTurnInboxBytes = 1024UL * 1024;
inline constexpr size_t kTurnCatchUpBytes = 1024UL * 1024;
inline constexpr size_t kTurnTopicBytes = 1024;

// Zones and workers.
inline constexpr size_t kMinZoneBytes = 1024UL * 1024;
inline constexpr size_t kMaxWorkers = 256;
// Of a hundred: the shares of a zone, and what they may take of it together.
inline constexpr uint32_t kDefaultSubscribersPercent = 25;
inline constexpr uint32_t kDefaultKeysPercent = 10; // applications, and clients
inline constexpr uint32_t kMaxSharesPercent = 90;

// Tokens: a whole one, the keys that are tried for it, the selectors that it
// may allow, of each kind, and how long a session goes on when it is over. A
// file of keys, how often it is looked at, and how often for an unknown key.
inline constexpr size_t kMaxTokenBytes = 8UL * 1024;
inline constexpr size_t kMaxTokenKeys = 8;
inline constexpr size_t kMaxGrants = 64;
inline constexpr int64_t kTokenGraceMs = 25LL * 1000;
inline constexpr int64_t kDefaultFirstTokenMs = 10LL * 1000; // of `later`
inline constexpr int64_t kMostFirstTokenMs = 24LL * 3600 * 1000;
inline constexpr size_t kMaxKeyFileBytes = 1024UL * 1024;
inline constexpr int64_t kKeyFileLookMs = 10LL * 1000;
inline constexpr int64_t kUnknownKeyLookMs = 1000;
inline constexpr uint32_t kMaxTokenRefreshesAMinute = 10; // of a session
// Key sets that a location answers with: how long it has for that, how often
// they are fetched for an unknown key, and again after a failure while there is
// none: at first, then doubled up to that; the defaults and the limit of times.
inline constexpr int64_t kKeySetTimeoutMs = 10LL * 1000;
inline constexpr int64_t kUnknownKidFetchMs = 30LL * 1000;
inline constexpr int64_t kLeastKeySetRetryMs = 1000;
inline constexpr int64_t kMostKeySetRetryMs = 30LL * 1000;
inline constexpr int64_t kDefaultKeySetIntervalMs = 3600LL * 1000;
inline constexpr int64_t kDefaultKeySetStaleMs = 24LL * 3600 * 1000;
inline constexpr int64_t kMostKeySetTimeMs = 365LL * 24 * 3600 * 1000;

// Hooks
inline constexpr int64_t kDefaultHookTimeoutMs = 5LL * 1000;
inline constexpr size_t kDefaultHookPending = 16;   // of a session
inline constexpr size_t kMostHookPending = 256;     // the same
inline constexpr size_t kMaxHooks = 1000;           // of a zone in a worker
inline constexpr size_t kMaxHookMessageBytes = 200; // of an error's text
inline constexpr int64_t kLeastHookRetryMs = 1000;  // of `again`, doubled
inline constexpr int64_t kMostHookRetryMs = 30LL * 1000; // up to this

// Control: orders in the zone, which wait so long for workers that hang, and
// may be so many; in small zones a 16th of it. What a worker answers to one,
// how long a request waits for that, and what it goes through in one turn.
inline constexpr int64_t kOrderMs = 60LL * 1000;
inline constexpr size_t kMaxOrders = 1000;
inline constexpr size_t kMaxOrderBytes = 256UL * 1024;
inline constexpr size_t kOrdersZoneShare = 16;
inline constexpr size_t kMaxReplyBytes = 64UL * 1024;
inline constexpr int64_t kControlWaitMs = 1000;
inline constexpr size_t kControlledPerTurn = 2000; // sessions
inline constexpr size_t kMaxListedSessions = 1000;
inline constexpr size_t kMaxReasonBytes = 123; // of a Close frame

// Revocations of a zone, in small ones an 8th of it; and how long one counts,
// at least.
inline constexpr size_t kMaxRevocations = 10000;
inline constexpr size_t kRevocationsZoneShare = 8;
inline constexpr int64_t kRevocationKeepMs = 24LL * 60 * 60 * 1000;

// A zone that follows a log that several hosts share: the hosts, and the time
// after which one that says nothing is gone; how long is known what somebody
// has appended who appends no more; and topics, or people, looked at for an
// entry in one hold of the lock.
inline constexpr size_t kMaxLogHosts = 64;
inline constexpr int64_t kLogHostGoneMs = 10LL * 1000;
inline constexpr int64_t kOriginKeptMs = 10LL * 60 * 1000;
inline constexpr size_t kTouchedPerLock = 256;
inline constexpr size_t kHeardPerLock = 32;

// What a worker has appended to such a log and waits for: so many changes, so
// many bytes, so long; and what it may not be larger than. Which worker brings
// the entries to the zone, and what it does of that in one turn; after which
// time without Redis a host is alone.
inline constexpr size_t kAnswerCells = 1024;
inline constexpr size_t kDefaultClusterPending = 4UL * 1024 * 1024;
inline constexpr int64_t kDefaultClusterWaitMs = 5000;
inline constexpr int64_t kMostClusterWaitMs = 60LL * 1000;
inline constexpr size_t kMaxLoggedBytes = 8UL * 1024 * 1024;
inline constexpr uint32_t kDefaultClusterBudget = 60; // percent of the zone
inline constexpr uint32_t kMostClusterBudget = 90;
inline constexpr size_t kMaxClusterNameBytes = 64;
inline constexpr size_t kDefaultClusterLog = 64UL * 1024 * 1024;
inline constexpr size_t kLeastClusterLog = 64UL * 1024;
// For so long sessions wait for a host to be served again before they are sent
// to others.
inline constexpr int64_t kMostUnservedMs = 15'000;
inline constexpr int64_t kTailerLeaseMs = 3000;
inline constexpr size_t kAppliedPerTurn = 256; // entries
inline constexpr int64_t kAliveMs = 2000;
inline constexpr int64_t kAloneMs = 5000;
// Topics are idle for so long at least: their readers are looked at when half
// of it is over by the log's time, which hosts make go on by kAliveMs.
inline constexpr int64_t kLeastClusterIdleMs = 10LL * 1000;

// Events: how many are kept where no policy says it; and webhooks that carry
// them: how long a worker has the lease for that, the most of a batch, the
// longest delay, how long one has to be answered, by so many bytes, and after
// which time it is sent again: at first, then doubled up to that.
inline constexpr uint32_t kDefaultEventHistory = 1000;
inline constexpr int64_t kCourierLeaseMs = 5LL * 1000;
inline constexpr size_t kDefaultEventBatch = 100;
inline constexpr size_t kMostEventBatch = 1000;
inline constexpr size_t kMaxEventBatchBytes = 512UL * 1024;
inline constexpr int64_t kDefaultEventDelayMs = 50;
inline constexpr int64_t kMostEventDelayMs = 60LL * 1000;
inline constexpr int64_t kWebhookTimeoutMs = 10LL * 1000;
inline constexpr size_t kMaxWebhookAnswerBytes = 64UL * 1024;
inline constexpr int64_t kLeastWebhookRetryMs = 1000;
inline constexpr int64_t kMostWebhookRetryMs = 30LL * 1000;

// Snapshots: how often one is written, at most and where nothing is said; how
// long a worker has the lease for that; and what none has more of.
inline constexpr int64_t kDefaultSnapshotIntervalMs = 60LL * 1000;
inline constexpr int64_t kMostSnapshotIntervalMs = 24LL * 3600 * 1000;
inline constexpr int64_t kSnapshotLeaseMs = 5LL * 1000;
inline constexpr size_t kMostSnapshotBytes = 64UL * 1024 * 1024 * 1024;

// What directives may ask for. A message is encoded in memory, as text up to
// six times its size, and sizes in the zone and of frames have 32 bits.
inline constexpr size_t kMostMaxMessageBytes = 256UL * 1024 * 1024;
inline constexpr size_t kLeastQueueBytes = 4UL * 1024;

// Sessions that a burst put behind: how long deliveries wait for them, at a
// time and as a share of all time (one part in so many), and what connections
// are not waited for: those that have taken nothing for so long.
inline constexpr int64_t kMostLagWaitMs = 100;
inline constexpr int64_t kLagWaitShare = 8;
inline constexpr int64_t kFreshMs = 100;

// Defaults of directives.
inline constexpr size_t kDefaultMaxMessageBytes = 64UL * 1024;
inline constexpr size_t kDefaultMaxBatchBytes = 1024UL * 1024;
inline constexpr size_t kDefaultMaxSubscriptions = 128;
inline constexpr size_t kDefaultQueueBytes = 1024UL * 1024;
inline constexpr int64_t kDefaultPingIntervalMs = 25LL * 1000;
inline constexpr int64_t kDefaultPingTimeoutMs = 10LL * 1000;
inline constexpr int64_t kDefaultMessageTimeoutMs = 60LL * 1000;

// Closing: how long the peer may take to answer a Close frame; less while the
// worker itself is on its way out.
inline constexpr int64_t kCloseTimeoutMs = 5LL * 1000;
inline constexpr int64_t kExitCloseTimeoutMs = 1000;

// WebSocket (RFC 6455 section 5.5).
inline constexpr size_t kMaxControlPayload = 125;

} // namespace ws_pubsub
