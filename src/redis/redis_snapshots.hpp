// Snapshots beside a log that is a stream of Redis, over the log's connection.
//
// A snapshot is a hash of its pieces, which goes by itself until it is
// committed. What there is of them is one text (redis/snapshot_text).
//
// Thread safety: none.
#pragma once

#include "ngx/ngx.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

#include "log/snapshot_store.hpp"
#include "redis/redis_log.hpp"
#include "redis/transactions.hpp"

namespace ws_pubsub::redis {

class RedisSnapshots final : public SnapshotStore {
public:
    static constexpr int kOfferS = 10;

    // The log outlives it.
    explicit RedisSnapshots(RedisLog& log)
        : link_(log.link()), keys_(log.keys()), transactions_(link_)
    {}

    bool look(FoundGround found) override;
    bool get(uint64_t id, uint64_t chunk, FoundChunk found) override;
    bool put(uint64_t id, uint64_t chunk, std::string_view data,
             Done done) override;
    bool commit(const StoredSnapshot& snapshot, Done done) override;
    bool take_lease(uint64_t host, Done done) override;
    bool offer(const SeedOffer& offer, FoundOffers found) override;
    bool next_id(Log::FoundId found) override;
    bool found(const std::optional<LogId>& genesis_before,
               std::string_view entry, const StoredSnapshot& snapshot,
               Done done) override;

private:
    MasterLink& link_;
    const LogKeys& keys_;
    Transactions transactions_;
};

} // namespace ws_pubsub::redis
