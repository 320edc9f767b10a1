#include "topics/snapshot_replica.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace ws_pubsub {

namespace {

constexpr uint64_t kMostEntries = uint64_t{1} << 62;

// Of a log.
bool is_time(int64_t ms)
{
    return ms >= 0 && ms <= static_cast<int64_t>(kMostLogTimeMs);
}

bool is_sound(const SavedReplica& replica)
{
    return replica.last.ms <= kMostLogTimeMs && is_time(replica.time_ms) &&
           is_time(replica.swept_ms) && replica.time_ms <= replica.swept_ms &&
           is_time(replica.host_due_ms) && replica.next_epoch < kLocalEpochs &&
           replica.entries <= kMostEntries;
}

LogId take_id(ByteReader& fields)
{
    LogId id{};
    id.ms = fields.number<uint64_t>();
    id.number = fields.number<uint64_t>();
    return id;
}

} // namespace

std::optional<SavedReplica> take_replica(ByteReader& fields)
{
    SavedReplica replica;
    replica.last = take_id(fields);
    replica.last_nonce = fields.number<uint64_t>();
    replica.time_ms = fields.number<int64_t>();
    replica.swept_ms = fields.number<int64_t>();
    for (uint64_t* number :
         {&replica.next_epoch, &replica.used_bytes, &replica.capacity_bytes}) {
        *number = fields.number<uint64_t>();
    }
    replica.host_due_ms = fields.number<int64_t>();
    for (uint64_t* number :
         {&replica.entries, &replica.body_seed[0], &replica.body_seed[1]}) {
        *number = fields.number<uint64_t>();
    }
    replica.before = take_id(fields);
    replica.before_nonce = fields.number<uint64_t>();
    replica.lineage = fields.text<uint8_t>();
    const size_t count = fields.number<uint8_t>();
    for (size_t i = 0; i < std::min(count, kMaxLogHosts); i++) {
        HostRecord host{};
        for (uint64_t* number : {&host.id, &host.capacity_bytes, &host.sessions,
                                 &host.position.ms, &host.position.number}) {
            *number = fields.number<uint64_t>();
        }
        host.heard_ms = fields.number<int64_t>();
        host.format = fields.number<uint64_t>();
        if (!is_time(host.heard_ms)) {
            return std::nullopt;
        }
        replica.hosts.push_back(host);
    }
    return fields.failed() || count > kMaxLogHosts || !is_sound(replica)
               ? std::nullopt
               : std::optional(replica);
}

std::optional<SavedOrigin> take_origin(ByteReader& fields)
{
    SavedOrigin origin;
    origin.id = fields.number<uint64_t>();
    origin.number = fields.number<uint64_t>();
    origin.heard_ms = fields.number<int64_t>();
    return fields.failed() || origin.id == 0 || !is_time(origin.heard_ms)
               ? std::nullopt
               : std::optional(origin);
}

} // namespace ws_pubsub
