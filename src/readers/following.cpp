#include "readers/following.hpp"

#include <algorithm>
#include <atomic>

#include "base/limits.hpp"
#include "shm/text_words.hpp"

namespace ws_pubsub {

void Following::begin(uint64_t host)
{
    Transaction tx(access_);
    ClusterBook& book = header_.cluster;
    if (book.state == ClusterState::off) {
        tx.set(book.host, host);
        tx.set(book.tail_ms, host_ticks_ms());
        tx.set(book.state, ClusterState::joining);
    }
}

ClusterState Following::state() const
{
    const std::atomic_ref<ClusterState> state(header_.cluster.state);
    return state.load(std::memory_order_relaxed);
}

uint64_t Following::replacements() const
{
    const std::atomic_ref<uint64_t> count(header_.replica.replacements);
    return count.load(std::memory_order_acquire);
}

Lease::Taken Following::lead(WorkerId worker)
{
    Transaction tx(access_);
    return Lease(header_, header_.cluster.lease)
        .take(tx, worker, host_ticks_ms(), kTailerLeaseMs);
}

void Following::give_up(WorkerId worker)
{
    Transaction tx(access_);
    Lease(header_, header_.cluster.lease).give_up(tx, worker);
}

void Following::set_state(ClusterState state)
{
    Transaction tx(access_);
    if (header_.cluster.state == state) {
        return;
    }
    tx.set(header_.cluster.state, state);
    if (is_served(state)) {
        for (size_t i = 0; i < kMaxWorkers; i++) {
            const WorkerSlot& slot = header_.workers[i];
            if (slot.process.pid != 0 && !slot.ending) {
                tx.wake(i, slot.wake);
            }
        }
    }
}

void Following::make_ready(std::string_view lineage)
{
    Transaction tx(access_);
    ClusterBook& book = header_.cluster;
    set_text(tx, book.ready, book.ready_bytes, lineage);
}

void Following::unready(WorkerId worker)
{
    Transaction tx(access_);
    ClusterBook& book = header_.cluster;
    if (Lease(header_, book.lease).is_led_by(worker)) {
        set_text(tx, book.ready, book.ready_bytes, {});
    }
}

bool Following::is_ready(std::string_view lineage)
{
    const Transaction tx(access_);
    const ClusterBook& book = header_.cluster;
    return book.state == ClusterState::following && book.ready_bytes != 0 &&
           book.ready_lineage() == lineage;
}

void Following::note_tail()
{
    Transaction tx(access_);
    tx.set(header_.cluster.tail_ms, host_ticks_ms());
}

void Following::note_rollback()
{
    Transaction tx(access_);
    tx.set(header_.cluster.rollbacks, header_.cluster.rollbacks + 1);
}

std::vector<uint64_t> Following::hosts()
{
    const Transaction tx(access_);
    std::vector<uint64_t> ids;
    for (const HostRecord& host : header_.replica.hosts) {
        if (host.id != 0) {
            ids.push_back(host.id);
        }
    }
    return ids;
}

LogId Following::position()
{
    const Transaction tx(access_);
    return header_.replica.last;
}

void Following::note_snapshot(const LogId& at, uint64_t logged_bytes,
                              uint64_t failures)
{
    Transaction tx(access_);
    ClusterBook& book = header_.cluster;
    tx.set(book.snapshot.ms, at.ms);
    tx.set(book.snapshot.number, at.number);
    tx.set(book.logged_bytes, logged_bytes);
    tx.set(book.snapshot_failures, failures);
}

ClusterStatus Following::status() const
{
    const ClusterBook& book = header_.cluster;
    const ReplicaBook& replica = header_.replica;
    ClusterStatus status;
    status.state = book.state;
    if (book.state == ClusterState::off) {
        return status;
    }
    const int64_t log_ms = host_ticks_ms() + replica.clock_offset_ms;
    const auto age_ms = [&](uint64_t then_ms) {
        return std::max<int64_t>(0, replica.time_ms -
                                        static_cast<int64_t>(then_ms));
    };
    status.lag_ms = std::max<int64_t>(0, host_ticks_ms() - book.tail_ms);
    status.is_alone =
        book.state == ClusterState::following && status.lag_ms > kAloneMs;
    status.hosts = static_cast<size_t>(
        std::count_if(std::begin(replica.hosts), std::end(replica.hosts),
                      [](const HostRecord& host) { return host.id != 0; }));
    status.log_clock_ms = replica.on ? log_ms - access_.clock.now_ms() : 0;
    status.position = replica.last;
    status.entries = replica.entries;
    status.used_bytes = replica.used_bytes;
    status.capacity_bytes = replica.capacity_bytes;
    status.terms = header_.terms;
    status.rollbacks = book.rollbacks;
    status.logged_bytes = book.logged_bytes;
    status.snapshot = book.snapshot;
    status.snapshot_age_ms =
        book.snapshot.ms == 0 ? 0 : age_ms(book.snapshot.ms);
    status.snapshot_failures = book.snapshot_failures;
    return status;
}

} // namespace ws_pubsub
