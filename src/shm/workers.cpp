#include <bit>

#include "shm/store.hpp"
#include "shm/wheel.hpp"

namespace ws_pubsub {

namespace {

// One bucket for so many bytes of zone.
constexpr size_t kZoneBytesPerBucket = 512;
constexpr size_t kZoneBytesPerKeyBucket = 4096;
constexpr size_t kZoneBytesPerSelectorBucket = 4096;
constexpr size_t kZoneBytesPerPresenceBucket = 4096;

// The share of the zone that messages leave to topics, readers and marks, and
// that of the spare block.
constexpr size_t kReserveShare = 64;
constexpr size_t kSpareShare = 64;

// Hands out the parts of one piece of memory, all of them 8-byte aligned.
class Pieces {
public:
    explicit Pieces(void* start) : at_(static_cast<char*>(start)) {}

    template <class T>
    T* take(size_t count)
    {
        static_assert(sizeof(T) % 8 == 0);
        char* piece = at_;
        at_ += count * sizeof(T);
        return reinterpret_cast<T*>(piece);
    }

private:
    char* at_;
};

} // namespace

ZoneHeader* Store::create(Memory& memory, size_t zone_bytes, uint64_t seed,
                          int64_t now_ms)
{
    const size_t buckets = std::bit_floor(zone_bytes / kZoneBytesPerBucket);
    const size_t keys = std::bit_floor(zone_bytes / kZoneBytesPerKeyBucket);
    const size_t selectors =
        std::bit_floor(zone_bytes / kZoneBytesPerSelectorBucket);
    const size_t people =
        std::bit_floor(zone_bytes / kZoneBytesPerPresenceBucket);
    void* tables =
        memory.create(sizeof(ZoneHeader) + sizeof(UndoLog) +
                      (buckets + keys + selectors + people) * sizeof(void*));
    if (tables == nullptr) {
        return nullptr;
    }
    Pieces pieces(tables);
    auto* header = pieces.take<ZoneHeader>(1);
    header->undo = pieces.take<UndoLog>(1);
    header->buckets = pieces.take<Topic*>(buckets);
    header->bucket_count = buckets;
    header->key_buckets = pieces.take<KeyRecord*>(keys);
    header->key_bucket_count = keys;
    header->selector_buckets = pieces.take<SelectorRecord*>(selectors);
    header->selector_bucket_count = selectors;
    header->presence_buckets = pieces.take<Present*>(people);
    header->presence_bucket_count = people;
    for (WorkerSlot& slot : header->workers) {
        slot.wake_fd = -1;
    }
    header->magic = kZoneMagic;
    header->layout_version = kLayoutVersion;
    header->header_bytes = sizeof(ZoneHeader);
    header->zone_bytes = zone_bytes;
    header->reserve_bytes = zone_bytes / kReserveShare;
    header->spare_bytes = zone_bytes / kSpareShare;
    header->seed = seed;
    header->wheel.tick = TimingWheel::tick_of(now_ms);
    // Epochs of a zone made later are different: in microseconds, no zone
    // makes topics faster than time goes by.
    header->next_epoch = static_cast<uint64_t>(now_ms) * 1000;
    Transaction tx(memory, *header);
    tx.set(header->spare, tx.allocate(header->spare_bytes));
    return header;
}

std::optional<std::string_view> Store::check(const ZoneHeader& header)
{
    if (header.magic != kZoneMagic) {
        return "is not a ws_pubsub zone";
    }
    if (header.layout_version != kLayoutVersion ||
        header.header_bytes != sizeof(ZoneHeader)) {
        return "was laid out by another version of the module";
    }
    return std::nullopt;
}

size_t Store::missing_slots(size_t wanted)
{
    Transaction tx(memory_, header_);
    size_t free = 0;
    size_t unmade = 0;
    for (const WorkerSlot& slot : header_.workers) {
        free += slot.wake_fd >= 0 && slot.process.pid == 0 ? 1 : 0;
        unmade += slot.wake_fd < 0 ? 1 : 0;
    }
    return free >= wanted ? 0 : std::min(wanted - free, unmade);
}

void Store::add_slot(int wake_fd)
{
    Transaction tx(memory_, header_);
    for (WorkerSlot& slot : header_.workers) {
        if (slot.wake_fd < 0) {
            tx.set(slot.wake_fd, wake_fd);
            return;
        }
    }
}

size_t Store::made_slots()
{
    Transaction tx(memory_, header_);
    size_t made = 0;
    while (made < kMaxWorkers && header_.workers[made].wake_fd >= 0) {
        made++;
    }
    return made;
}

std::optional<WorkerId> Store::attach(const ProcessId& process, size_t slots)
{
    Transaction tx(memory_, header_);
    for (size_t i = 0; i < slots; i++) {
        WorkerSlot& slot = header_.workers[i];
        if (slot.wake_fd >= 0 && slot.process.pid == 0) {
            tx.set(slot.process.started, process.started);
            tx.set(slot.process.pid, process.pid);
            return static_cast<WorkerId>(i);
        }
    }
    return std::nullopt;
}

void Store::release_slot(Transaction& tx, WorkerSlot& slot)
{
    // First of all nothing more may come in.
    while (slot.selectors != nullptr) {
        free_selector(tx, *slot.selectors);
    }
    while (slot.people != nullptr) {
        send_away(tx, *slot.people);
    }
    while (slot.inbox_head != nullptr) {
        Interest& interest = *slot.inbox_head;
        pop_inbox(tx, slot);
        free_interest(tx, interest);
    }
    while (slot.interests != nullptr) {
        free_interest(tx, *slot.interests);
    }
    ZoneTotals& totals = header_.totals;
    tx.set(totals.delivered, totals.delivered + slot.counters.delivered.get());
    tx.set(totals.conflated, totals.conflated + slot.counters.conflated.get());
    tx.set(totals.slow, totals.slow + slot.counters.slow.get());
    auto* counters = reinterpret_cast<uint64_t*>(&slot.counters);
    for (size_t i = 0; i < sizeof(WorkerCounters) / sizeof(uint64_t); i++) {
        tx.set(counters[i], uint64_t{0});
    }
    tx.set(slot.process.pid, 0);
    tx.commit();
}

void Store::detach(WorkerId worker)
{
    {
        Transaction tx(memory_, header_);
        release_slot(tx, header_.workers[worker]);
    }
    std::erase(to_wake_, worker);
    wake_readers();
}

size_t Store::bury_dead(bool (*is_alive)(const ProcessId& process))
{
    ProcessId dead[kMaxWorkers] = {};
    {
        Transaction tx(memory_, header_);
        for (size_t i = 0; i < kMaxWorkers; i++) {
            dead[i] = header_.workers[i].process;
        }
    }
    // Ask outside the lock: it is system calls for each worker.
    for (ProcessId& process : dead) {
        if (process.pid != 0 && is_alive(process)) {
            process = {};
        }
    }
    size_t buried = 0;
    for (size_t i = 0; i < kMaxWorkers; i++) {
        if (dead[i].pid == 0) {
            continue;
        }
        Transaction tx(memory_, header_);
        WorkerSlot& slot = header_.workers[i];
        if (slot.process == dead[i]) {
            release_slot(tx, slot);
            buried++;
        }
    }
    wake_readers();
    return buried;
}

bool Store::open_session(WorkerId worker, uint64_t limit)
{
    Transaction tx(memory_, header_);
    uint64_t sessions = 0;
    for (const WorkerSlot& slot : header_.workers) {
        sessions += slot.counters.sessions.get();
    }
    if (limit != 0 && sessions >= limit) {
        return false;
    }
    header_.workers[worker].counters.sessions.add(1);
    return true;
}

void Store::close_session(WorkerId worker)
{
    header_.workers[worker].counters.sessions.sub(1);
}

WorkerCounters& Store::counters(WorkerId worker)
{
    return header_.workers[worker].counters;
}

int Store::wake_fd(WorkerId worker) const
{
    return header_.workers[worker].wake_fd;
}

ZoneStatus Store::status()
{
    Transaction tx(memory_, header_);
    ZoneStatus status;
    status.zone_bytes = header_.zone_bytes;
    status.free_bytes = memory_.free_bytes();
    status.totals = header_.totals;
    for (const WorkerSlot& slot : header_.workers) {
        if (slot.process.pid != 0) {
            status.workers++;
            status.sessions += slot.counters.sessions.get();
            status.subscriptions += slot.counters.subscriptions.get();
            status.totals.delivered += slot.counters.delivered.get();
            status.totals.conflated += slot.counters.conflated.get();
            status.totals.slow += slot.counters.slow.get();
        }
    }
    return status;
}

} // namespace ws_pubsub
