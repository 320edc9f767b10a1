// Idempotency keys: which publishes of the last minutes were answered how.
//
// A key of an application is a promise for its whole life: once their share of
// the zone is in use, a publish with another key is refused, and nothing pushes
// them out. Those of clients have a share of their own, in which the oldest
// give way: no client keeps another one from publishing.
//
// All but hash_body() REQUIRE the lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "shm/transaction.hpp"
#include "topics/change.hpp"
#include "topics/layout.hpp"
#include "topics/snapshot_format.hpp"

namespace ws_pubsub {

class IdempotencyKeys {
public:
    explicit IdempotencyKeys(TopicsHeader& header) : header_(header) {}

    // By which two bodies of one key are told apart.
    [[nodiscard]] uint64_t hash_body(std::string_view body) const;
    // nullptr: there is none, or its time is over.
    [[nodiscard]] const KeyRecord*
    find(const Topic& topic, std::string_view key, int64_t ticks_ms) const;
    // False when the zone is full. REQUIRES: the change has a key, which
    // the topic does not have yet.
    bool add(Transaction& tx, const Topic& topic, const Change& change,
             const ChangeAnswer& answer);
    // A key that was kept before this zone was made, behind those that end
    // before it. False: there is no room for it.
    enum class Room : uint8_t { share, all };
    bool restore(Transaction& tx, const SavedKey& key, int64_t expires_ms,
                 Room room = Room::share);
    // Of a key of the topic with that hash.
    [[nodiscard]] uint64_t hash(uint64_t topic, std::string_view key) const;
    // For the change's key. False when the share of its owner's keys is in
    // use. Where that has become
    // smaller clients' keys come down to it step by step.
    bool make_room(Transaction& tx, const Change& change);
    // Commits. Returns how many bytes that were; 0: there is none.
    size_t drop_oldest(Transaction& tx, KeyShare owner);
    // Those whose time is over go, `most` at a time. True when there may be
    // more.
    bool expire(Transaction& tx, int64_t ticks_ms, size_t most);

private:
    [[nodiscard]] KeyRecord** bucket(uint64_t hash) const;
    KeyList& list(KeyShare owner) const;
    void link(Transaction& tx, KeyRecord& record, std::string_view key);

    TopicsHeader& header_;
};

} // namespace ws_pubsub
