#include "ngx/ngx.hpp"

#include "snapshot_calls.hpp"

#include <memory>

#include "redis/stream.hpp"

namespace ws_pubsub::probe {

namespace {

StoredSnapshot snapshot_of(Named& named)
{
    return {number_of(named["id"]),
            id_of(named["position"]),
            number_of(named["nonce"]),
            id_of(named["genesis"]),
            number_of(named["chunks"]),
            number_of(named["bytes"]),
            static_cast<uint32_t>(number_of(named["crc"])),
            static_cast<uint32_t>(number_of(named["format"]))};
}

std::string text_of(const StoredSnapshot& one)
{
    return "\n" + std::to_string(one.id) + " " + text_of(one.position) + " " +
           std::to_string(one.nonce) + " " + text_of(one.genesis) + " " +
           std::to_string(one.chunks) + " " + std::to_string(one.bytes) + " " +
           std::to_string(one.crc) + " " + std::to_string(one.format);
}

Log::Done done_of(Waiting waiting)
{
    return [waiting](const LogOutcome& outcome) mutable {
        waiting.end(probe::text_of(outcome));
    };
}

bool look(SnapshotStore& store, Waiting waiting)
{
    return store.look(
        [waiting](const LogOutcome& outcome, const LogGround& ground) mutable {
            std::string text = probe::text_of(outcome);
            text += ground.has_log ? "\nlog\n" : "\nnone\n";
            text += ground.genesis ? text_of(*ground.genesis) : "none";
            text += text_of(ground.newest) + text_of(ground.previous) + "\n";
            waiting.end(text + std::string(ground.foreign));
        });
}

bool get(SnapshotStore& store, Named& named, Waiting waiting)
{
    return store.get(number_of(named["id"]), number_of(named["chunk"]),
                     [waiting](const LogOutcome& outcome,
                               std::optional<std::string_view> data) mutable {
                         waiting.end(probe::text_of(outcome) +
                                     (data ? "\n" + std::string(*data) : ""));
                     });
}

bool offer(SnapshotStore& store, Named& named, Waiting waiting)
{
    return store.offer({number_of(named["host"]), id_of(named["position"])},
                       [waiting](const LogOutcome& outcome,
                                 std::span<const SeedOffer> offers) mutable {
                           std::string text = probe::text_of(outcome);
                           for (const SeedOffer& one : offers) {
                               text += "\n" + std::to_string(one.host) + " " +
                                       text_of(one.position);
                           }
                           waiting.end(text);
                       });
}

// All in one turn.
bool many(SnapshotStore& store, Named& named, Waiting waiting)
{
    const uint64_t count = number_of(named["n"]);
    const auto several = std::make_shared<Several>(Several{waiting, 2 * count});
    bool is_taken = true;
    for (uint64_t i = 1; i <= count; i++) {
        const auto take = [several](const LogOutcome& outcome) {
            several->take(outcome);
        };
        StoredSnapshot snapshot = snapshot_of(named);
        snapshot.id = i;
        snapshot.position.number = i;
        is_taken = is_taken && store.put(i, 0, "data", take) &&
                   store.commit(snapshot, take);
    }
    return is_taken;
}

} // namespace

std::string text_of(const LogOutcome& outcome)
{
    constexpr const char* kKinds[] = {"done", "refused ", "unsent ",
                                      "unknown "};
    return kKinds[static_cast<int>(outcome.kind)] + std::string(outcome.why);
}

LogId id_of(const std::string& text)
{
    return parse_log_id(text).value_or(LogId{});
}

void Several::take(const LogOutcome& outcome)
{
    text += (text.empty() ? "" : "\n") + text_of(outcome);
    if (--left == 0) {
        waiting.end(text);
    }
}

bool call_snapshots(SnapshotStore& store, const std::string& what, Named& named,
                    Waiting waiting)
{
    if (what == "look") {
        return look(store, waiting);
    }
    if (what == "get") {
        return get(store, named, waiting);
    }
    if (what == "put") {
        return store.put(number_of(named["id"]), number_of(named["chunk"]),
                         named["data"] +
                             std::string(number_of(named["x"]), 'x'),
                         done_of(waiting));
    }
    if (what == "commit") {
        return store.commit(snapshot_of(named), done_of(waiting));
    }
    if (what == "take_lease") {
        return store.take_lease(number_of(named["host"]), done_of(waiting));
    }
    if (what == "offer") {
        return offer(store, named, waiting);
    }
    if (what == "next_id") {
        return store.next_id(
            [waiting](const LogOutcome& outcome, const LogId& id) mutable {
                waiting.end(text_of(outcome) + "\n" + text_of(id));
            });
    }
    if (what == "many") {
        return many(store, named, waiting);
    }
    return what == "found" &&
           store.found(parse_log_id(named["before"]), named["entry"],
                       snapshot_of(named), done_of(waiting));
}

} // namespace ws_pubsub::probe
