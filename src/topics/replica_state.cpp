#include "topics/replica_state.hpp"

#include <algorithm>

#include "shm/text_words.hpp"

namespace ws_pubsub {

SavedReplica ReplicaState::saved() const
{
    SavedReplica saved;
    saved.last = book_.last;
    saved.last_nonce = book_.last_nonce;
    saved.time_ms = book_.time_ms;
    saved.swept_ms = book_.swept_ms;
    saved.next_epoch = header_.next_epoch;
    saved.used_bytes = book_.used_bytes;
    saved.capacity_bytes = book_.capacity_bytes;
    saved.host_due_ms = book_.host_due_ms;
    saved.entries = book_.entries;
    std::copy_n(book_.body_seed, 2, saved.body_seed);
    if (book_.is_at_genesis()) {
        saved.before = book_.before;
        saved.before_nonce = book_.before_nonce;
    }
    saved.lineage = book_.lineage_text();
    // Each stays where it is, also behind one that is gone.
    size_t count = kMaxLogHosts;
    while (count > 0 && book_.hosts[count - 1].id == 0) {
        count--;
    }
    saved.hosts.assign(book_.hosts, book_.hosts + count);
    return saved;
}

void ReplicaState::restore(const SavedReplica& saved, int64_t ticks_ms)
{
    tx_.set(book_.last.ms, saved.last.ms);
    tx_.set(book_.last.number, saved.last.number);
    tx_.set(book_.last_nonce, saved.last_nonce);
    tx_.set(book_.time_ms, saved.time_ms);
    tx_.set(book_.swept_ms, saved.swept_ms);
    tx_.set(header_.next_epoch, saved.next_epoch);
    tx_.set(book_.capacity_bytes, saved.capacity_bytes);
    tx_.set(book_.host_due_ms, saved.host_due_ms);
    tx_.set(book_.entries, saved.entries);
    const bool at_genesis = saved.before.ms != 0;
    tx_.set(book_.genesis.ms, at_genesis ? saved.last.ms : 0);
    tx_.set(book_.genesis.number, at_genesis ? saved.last.number : 0);
    tx_.set(book_.before.ms, saved.before.ms);
    tx_.set(book_.before.number, saved.before.number);
    tx_.set(book_.before_nonce, saved.before_nonce);
    tx_.set(book_.done, uint64_t{0});
    tx_.set(book_.body_seed[0], saved.body_seed[0]);
    tx_.set(book_.body_seed[1], saved.body_seed[1]);
    if (ticks_ms < saved.time_ms) {
        tx_.set(book_.clock_offset_ms,
                book_.clock_offset_ms + saved.time_ms - ticks_ms);
    }
    set_lineage(saved.lineage);
    for (size_t i = 0; i < kMaxLogHosts; i++) {
        const HostRecord from =
            i < saved.hosts.size() ? saved.hosts[i] : HostRecord{};
        HostRecord& host = book_.hosts[i];
        tx_.set(host.id, from.id);
        tx_.set(host.capacity_bytes, from.capacity_bytes);
        tx_.set(host.sessions, from.sessions);
        tx_.set(host.position.ms, from.position.ms);
        tx_.set(host.position.number, from.position.number);
        tx_.set(host.heard_ms, from.heard_ms);
        tx_.set(host.format, from.format);
    }
    tx_.set(book_.replacing, uint64_t{0});
}

void ReplicaState::set_lineage(std::string_view lineage)
{
    set_text(tx_, book_.lineage, book_.lineage_bytes, lineage);
}

} // namespace ws_pubsub
