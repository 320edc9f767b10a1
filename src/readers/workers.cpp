#include "readers/workers.hpp"

#include <algorithm>
#include <thread>

#include "readers/answers.hpp"

namespace ws_pubsub {

namespace {

// What is freed of a worker that has ended in one hold of the lock: selectors,
// people and interests; and how many holds before others get their turn.
constexpr size_t kFreedPerLock = 64;
constexpr size_t kLocksPerTurn = 16;

// What it costs of that to tell of the end of a session.
constexpr size_t kSessionCost = 8;

} // namespace

std::optional<WorkerId> Workers::attach(const ProcessId& process, int wake)
{
    Transaction tx(access_);
    for (size_t i = 0; i < kMaxWorkers; i++) {
        WorkerSlot& slot = header_.workers[i];
        if (slot.process.pid == 0) {
            tx.set(slot.wake, wake);
            orders_.attach(tx, slot);
            tx.set(slot.process.started, process.started);
            tx.set(slot.process.pid, process.pid);
            return static_cast<WorkerId>(i);
        }
    }
    return std::nullopt;
}

// From now on the slot is to be freed, by whoever has the time. What its worker
// counted is final.
void Workers::end_slot(Transaction& tx, WorkerSlot& slot)
{
    DeliveryTotals& ended = header_.ended;
    tx.set(ended.delivered, ended.delivered + slot.counters.delivered.get());
    tx.set(ended.conflated, ended.conflated + slot.counters.conflated.get());
    tx.set(ended.slow, ended.slow + slot.counters.slow.get());
    tx.set(ended.refused_subscriptions,
           ended.refused_subscriptions +
               slot.counters.refused_subscriptions.get());
    tx.set(ended.hooks, ended.hooks + slot.counters.hooks.get());
    tx.set(ended.hooks_denied,
           ended.hooks_denied + slot.counters.hooks_denied.get());
    tx.set(ended.hooks_failed,
           ended.hooks_failed + slot.counters.hooks_failed.get());
    tx.set(ended.resent, ended.resent + slot.counters.resent.get());
    tx.set(ended.unavailable,
           ended.unavailable + slot.counters.unavailable.get());
    tx.set(ended.unknown, ended.unknown + slot.counters.unknown.get());
    auto* counters = reinterpret_cast<uint64_t*>(&slot.counters);
    for (size_t i = 0; i < sizeof(WorkerCounters) / sizeof(uint64_t); i++) {
        tx.set(counters[i], uint64_t{0});
    }
    tx.set(slot.ending, true);
    tx.commit();
}

// Frees what an ending slot holds, as far as `steps` suffice, and in the end
// the slot: false.
bool Workers::free_some(Transaction& tx, WorkerSlot& slot, size_t& steps)
{
    // First of all nothing more may come in.
    while (slot.selectors != nullptr && steps > 0) {
        selectors_.free(tx, *slot.selectors, steps);
    }
    for (; slot.people != nullptr && steps > 0; steps--) {
        presence_.send_away(tx, *slot.people);
    }
    for (; slot.inbox_head != nullptr && steps > 0; steps--) {
        inboxes_.free_first(tx, slot);
    }
    for (; slot.interests != nullptr && steps > 0; steps--) {
        interests_.free(tx, *slot.interests);
    }
    for (; slot.replies != nullptr && steps > 0; steps--) {
        Orders::free_first_reply(tx, slot);
    }
    while (slot.sessions != nullptr && steps > 0) {
        sessions_.end_first(tx, slot);
        steps -= std::min(steps, kSessionCost);
    }
    if (steps == 0) {
        return true;
    }
    steps--;
    Answers::free(tx, slot);
    tx.set(slot.ending, false);
    tx.set(slot.process.pid, 0);
    tx.commit();
    return false;
}

// True when there is more.
bool Workers::reap_step()
{
    Transaction tx(access_);
    size_t steps = kFreedPerLock;
    bool more = false;
    for (WorkerSlot& slot : header_.workers) {
        more |= slot.ending && free_some(tx, slot, steps);
    }
    return more;
}

bool Workers::reap_some()
{
    bool more = true;
    for (size_t i = 0; i < kLocksPerTurn && more; i++) {
        more = reap_step();
    }
    return more;
}

void Workers::detach(WorkerId worker)
{
    WorkerSlot& slot = header_.workers[worker];
    {
        Transaction tx(access_);
        end_slot(tx, slot);
    }
    bool more = true;
    while (more) {
        {
            Transaction tx(access_);
            size_t steps = kFreedPerLock;
            more = slot.ending && free_some(tx, slot, steps);
        }
        std::this_thread::yield(); // to who waits for the lock
    }
}

bool Workers::has_successor(WorkerId worker)
{
    constexpr uint64_t kSecond = 100; // of the kernel's ticks
    const Transaction tx(access_);
    const uint64_t own = header_.workers[worker].process.started;
    return std::any_of(std::begin(header_.workers), std::end(header_.workers),
                       [&](const WorkerSlot& slot) {
                           return slot.process.pid != 0 && !slot.ending &&
                                  slot.process.started >= own + kSecond;
                       });
}

size_t Workers::reap_dead(bool (*is_alive)(const ProcessId& process))
{
    ProcessId dead[kMaxWorkers] = {};
    {
        Transaction tx(access_);
        for (size_t i = 0; i < kMaxWorkers; i++) {
            const WorkerSlot& slot = header_.workers[i];
            dead[i] = slot.ending ? ProcessId{} : slot.process;
        }
    }
    // Ask outside the lock: it is system calls for each worker.
    for (ProcessId& process : dead) {
        if (process.pid != 0 && is_alive(process)) {
            process = {};
        }
    }
    size_t found = 0;
    for (size_t i = 0; i < kMaxWorkers; i++) {
        if (dead[i].pid == 0) {
            continue;
        }
        Transaction tx(access_);
        WorkerSlot& slot = header_.workers[i];
        if (slot.process == dead[i] && !slot.ending) {
            end_slot(tx, slot);
            found++;
        }
    }
    reap_some();
    return found;
}

bool Workers::open_session(WorkerId worker, uint64_t limit)
{
    Transaction tx(access_);
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

void Workers::close_session(WorkerId worker)
{
    header_.workers[worker].counters.sessions.sub(1);
}

WorkerCounters& Workers::counters(WorkerId worker)
{
    return header_.workers[worker].counters;
}

} // namespace ws_pubsub
