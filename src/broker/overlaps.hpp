// Which sessions have several selectors that may match the same topic: the
// zone has to know, to count each once when such a topic comes to be.
//
// All sessions with the same such selectors share one record in the zone. A
// session's set may hold a selector too many, that overlaps none of the
// others any more: what is counted is right all the same.
//
// Invariant: a session is counted by the record of its Seat::overlap, if it
// has one; Subscription::overlaps says which of its selectors that is made of.
//
// Thread safety: none; a worker's own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "readers/store.hpp"

namespace ws_pubsub {

class Session;
struct Subscription;

struct Overlap {
    std::string selectors; // a line each, in order
    SelectorRecord* record = nullptr;
    uint32_t sessions = 0;
};

class Overlaps {
public:
    Overlaps(Store& store, WorkerId worker) : store_(store), worker_(worker) {}

    // The subscription is new, and not yet among those of its session. False
    // when the zone has no room for it: then nothing is changed but that it,
    // and those that it overlaps, are marked.
    bool add(Subscription& subscription);
    // The subscription ends.
    void remove(const Subscription& subscription);
    // The session ends.
    void remove_all(Session& session);

private:
    static bool mark(Subscription& subscription);
    bool set(Session& session, const Subscription* without,
             const Subscription* with);
    Overlap* overlap_of(std::vector<std::string_view> selectors);
    void release(Overlap& overlap);

    Store& store_;
    WorkerId worker_;
    std::map<std::string, std::unique_ptr<Overlap>, std::less<>> overlaps_;
};

} // namespace ws_pubsub
