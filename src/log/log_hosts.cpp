#include "log/log_hosts.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "log/log_id.hpp"

namespace ws_pubsub {

HostRecord* LogHosts::find(uint64_t id)
{
    auto* found =
        std::find_if(std::begin(book_.hosts), std::end(book_.hosts),
                     [&](const HostRecord& host) { return host.id == id; });
    return found == std::end(book_.hosts) ? nullptr : found;
}

bool LogHosts::hear(const AliveEntry& alive, int64_t time_ms)
{
    if (alive.host == 0) {
        return false;
    }
    HostRecord* known = find(alive.host);
    if (alive.leaving) {
        if (known != nullptr) {
            tx_.set(known->id, uint64_t{0});
            update();
        }
        return false;
    }
    HostRecord* host = known != nullptr ? known : find(0);
    if (host != nullptr) {
        put(*host, alive, time_ms);
        update();
    }
    return known == nullptr;
}

void LogHosts::put(HostRecord& host, const AliveEntry& alive, int64_t time_ms)
{
    const LogId position = parse_log_id(alive.position).value_or(LogId{});
    tx_.set(host.id, alive.host);
    tx_.set(host.capacity_bytes, alive.capacity_bytes);
    tx_.set(host.sessions, alive.sessions);
    tx_.set(host.position.ms, position.ms);
    tx_.set(host.position.number, position.number);
    tx_.set(host.heard_ms, time_ms);
    tx_.set(host.format, uint64_t{alive.format});
}

void LogHosts::forget_due(int64_t time_ms)
{
    for (HostRecord& host : book_.hosts) {
        if (host.id != 0 && host.heard_ms + kLogHostGoneMs <= time_ms) {
            tx_.set(host.id, uint64_t{0});
        }
    }
    update();
}

// What follows from who is there.
void LogHosts::update()
{
    uint64_t least = UINT64_MAX;
    int64_t due_ms = 0;
    for (const HostRecord& host : book_.hosts) {
        if (host.id != 0) {
            const int64_t gone_ms = host.heard_ms + kLogHostGoneMs;
            least = std::min(least, host.capacity_bytes);
            due_ms = due_ms == 0 ? gone_ms : std::min(due_ms, gone_ms);
        }
    }
    tx_.set(book_.host_due_ms, due_ms);
    if (due_ms != 0 && least != book_.capacity_bytes) {
        tx_.set(book_.capacity_bytes, std::max<uint64_t>(least, 1));
    }
}

} // namespace ws_pubsub
