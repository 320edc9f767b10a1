// The keys under which a Redis has a zone's log, and what lies beside it. They
// have one hash tag, so that a cluster keeps them in one slot.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ws_pubsub::redis {

class LogKeys {
public:
    // `name`: of the zone, the same on all hosts.
    explicit LogKeys(std::string_view name)
        : log(key(name, "log")), genesis(key(name, "genesis")),
          snap(key(name, "snap")), lease(key(name, "lease")),
          seed(key(name, "seed"))
    {}

    std::string log;     // stream: the entries
    std::string genesis; // text: the id of the log's first entry
    std::string snap;    // text: the snapshots that there are
    std::string lease;   // text: the host that writes one
    std::string seed;    // hash: hosts, and how far they have come

    // Hash: the pieces of a snapshot.
    [[nodiscard]] std::string chunks(uint64_t id) const
    {
        return snap + ":" + std::to_string(id);
    }

private:
    static std::string key(std::string_view name, const char* what)
    {
        // shard 0 of its zone: as yet the only one
        return "{ws_pubsub:" + std::string(name) + ":0}:" + what;
    }
};

} // namespace ws_pubsub::redis
