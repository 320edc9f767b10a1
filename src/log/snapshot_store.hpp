// The port to where snapshots lie beside a log, in pieces: so that a host that
// is new, or was away for too long, comes to what the log has made without the
// log's beginning. And to how a log begins.
//
// Calls are as those of Log: each that was taken calls back once, none from
// within the call.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "log/log.hpp"

namespace ws_pubsub {

// What is said of a snapshot beside its data.
struct StoredSnapshot {
    uint64_t id = 0;     // random; 0: there is none
    LogId position{};    // of the last entry that is in it
    uint64_t nonce = 0;  // of that entry
    LogId genesis{};     // of the log that it is of
    uint64_t chunks = 0; // from 0 on
    uint64_t bytes = 0;
    uint32_t crc = 0;    // CRC-32C of all
    uint32_t format = 0; // of the data

    bool operator==(const StoredSnapshot&) const = default;
};

// What there is of a log.
struct LogGround {
    bool has_log = false;
    std::optional<LogId> genesis; // its first entry's, as was said then
    StoredSnapshot newest;
    StoredSnapshot previous;
    // Not empty: something stands where the log should that is not ours, and
    // that must not be touched.
    std::string_view foreign;
};

// How far a host has come that offers its zone as a log's beginning.
struct SeedOffer {
    uint64_t host = 0;
    LogId position{};
};

class SnapshotStore {
public:
    using Done = Log::Done;
    using FoundGround =
        std::function<void(const LogOutcome&, const LogGround&)>;
    // nullopt: it is gone.
    using FoundChunk =
        std::function<void(const LogOutcome&, std::optional<std::string_view>)>;
    using FoundOffers =
        std::function<void(const LogOutcome&, std::span<const SeedOffer>)>;

    SnapshotStore() = default;
    SnapshotStore(const SnapshotStore&) = delete;
    SnapshotStore& operator=(const SnapshotStore&) = delete;
    virtual ~SnapshotStore() = default;

    virtual bool look(FoundGround found) = 0;
    virtual bool get(uint64_t id, uint64_t chunk, FoundChunk found) = 0;

    // Of a snapshot in the making, which goes by itself if it is not committed
    // within kUncommittedS.
    static constexpr int kUncommittedS = 600;
    virtual bool put(uint64_t id, uint64_t chunk, std::string_view data,
                     Done done) = 0;
    // It is the newest one, the newest before it is the previous one, and the
    // one before that goes. Refused where the log has another genesis.
    virtual bool commit(const StoredSnapshot& snapshot, Done done) = 0;
    // To be the only host that writes a snapshot, for kWriterLeaseMs; renews
    // it, too. Refused: another host has it.
    static constexpr int64_t kWriterLeaseMs = 30'000;
    virtual bool take_lease(uint64_t host, Done done) = 0;

    // Offers this host's zone, for some seconds, and tells all offers.
    virtual bool offer(const SeedOffer& offer, FoundOffers found) = 0;
    // An id that is later than any before.
    virtual bool next_id(Log::FoundId found) = 0;
    // The log is begun anew, with that entry under the snapshot's position, and
    // the snapshot, whose chunks were put, is the newest and the only one.
    // Refused where the genesis is no more as it was looked at.
    virtual bool found(const std::optional<LogId>& genesis_before,
                       std::string_view entry, const StoredSnapshot& snapshot,
                       Done done) = 0;
};

} // namespace ws_pubsub
