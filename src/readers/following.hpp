// What a zone knows of the log that its changes come from, beside what it has
// made of that (topics/replica_book.hpp): which worker brings the entries, and
// how far things stand. Of a zone that is this host's alone all is zero.
//
// Each takes the lock, unless it is said that it does not.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "readers/layout.hpp"
#include "readers/lease.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"

namespace ws_pubsub {

struct ClusterStatus {
    ClusterState state = ClusterState::off;
    bool is_alone = false; // it follows, but has not reached the log for long
    size_t hosts = 0;
    int64_t lag_ms = 0;       // since nothing was left to be applied
    int64_t log_clock_ms = 0; // the log's time less this host's
    LogId position{};
    uint64_t entries = 0;
    uint64_t used_bytes = 0;     // logical ones
    uint64_t capacity_bytes = 0; // the same; 0: not known
    uint64_t terms = 0;
    uint64_t rollbacks = 0;
    uint64_t logged_bytes = 0;
    LogId snapshot{};
    int64_t snapshot_age_ms = 0;
    uint64_t snapshot_failures = 0;
};

class Following {
public:
    Following(ZoneAccess& access, ZoneHeader& header)
        : access_(access), header_(header)
    {}

    // The zone's changes come from a log from now on. No effect if they do so
    // already.
    void begin(uint64_t host);

    // Without the lock.
    [[nodiscard]] ClusterState state() const;
    // Whether clients are served: what the zone has is what there is.
    [[nodiscard]] bool serves() const { return is_served(state()); }
    // Without the lock: how often what the zone has was replaced by what others
    // have, or is being.
    [[nodiscard]] uint64_t replacements() const;
    [[nodiscard]] uint64_t host() const { return header_.cluster.host; }

    // Takes the lease to bring entries, or renews it.
    Lease::Taken lead(WorkerId worker);
    void give_up(WorkerId worker);

    // All workers are woken where clients are served from now on.
    void set_state(ClusterState state);
    // The lineage's term was applied: whoever is connected to a log of that
    // lineage may append.
    void make_ready(std::string_view lineage);
    // What the zone has is not in the log: nobody of this host may append. (Who
    // appends all the same keeps others from seeing that nobody follows.) No
    // effect where another worker leads.
    void unready(WorkerId worker);
    [[nodiscard]] bool is_ready(std::string_view lineage);
    // Nothing is left to be applied.
    void note_tail();
    void note_rollback();
    // The newest one that lies beside the log, and about how much came after
    // it.
    void note_snapshot(const LogId& at, uint64_t logged_bytes,
                       uint64_t failures);

    // Those that are there, by what they are known by.
    [[nodiscard]] std::vector<uint64_t> hosts();
    // Of the last entry that was applied.
    [[nodiscard]] LogId position();

    // REQUIRES the lock.
    [[nodiscard]] ClusterStatus status() const;

private:
    // The zone's clock shows the log's time.
    [[nodiscard]] int64_t host_ticks_ms() const
    {
        return access_.clock.ticks_ms() - header_.replica.clock_offset_ms;
    }

    ZoneAccess& access_;
    ZoneHeader& header_;
};

// What clients are told where it is not served.
inline constexpr Error kNotServed{
    Errc::unavailable, "this host has not caught up with the others yet"};

// Whether the zone is served, and what it has was not replaced since this was
// made: else what was read of it meanwhile may be of something half done.
class Steady {
public:
    explicit Steady(const Following& following)
        : following_(following), replacements_(following.replacements())
    {}

    [[nodiscard]] bool holds() const
    {
        return following_.serves() &&
               following_.replacements() == replacements_;
    }

private:
    const Following& following_;
    const uint64_t replacements_;
};

} // namespace ws_pubsub
