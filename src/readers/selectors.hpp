// Which workers want to hear of topics that come to be.
//
// A worker registers each selector with wildcards that its sessions have, and
// how many sessions those are; and of the exact ones those whose sessions are
// limited. When a topic comes to be, the selectors that match it are found, so
// the cost depends on these and not on all there are. Each worker with a match
// gets an unclaimed Interest: the topic's first message waits for it from the
// start, and the publisher can say how many sessions that is. A session counts
// once: sessions with several matching selectors are registered as an overlap
// of these, and what was counted too often is taken off again.
//
// Whoever chooses both selectors and topics can still make many match. So no
// more than a fixed number of them is looked at for a topic. Where there are
// more, all workers with any selector are told of the topic and find out for
// themselves whether they want it; the publisher is then told only of the
// sessions that were counted until then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/topic.hpp"
#include "readers/interests.hpp"
#include "readers/layout.hpp"
#include "readers/selector_tree.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"

namespace ws_pubsub {

class Selectors {
public:
    Selectors(ZoneAccess& access, ZoneHeader& header, Interests& interests)
        : access_(access), header_(header), interests_(interests), tree_(header)
    {}

    // Each of these takes the lock. A record stays valid until remove().
    // Also an exact one, whose sessions are to be counted. nullptr when there
    // is no room for subscribers.
    SelectorRecord* add(WorkerId worker, const Selector& selector);
    // Of sessions that have all of these, with wildcards, of which some may
    // match the same topic. nullptr when there is no room for subscribers.
    SelectorRecord* add_overlap(WorkerId worker,
                                std::vector<std::string_view> selectors);
    void set_sessions(SelectorRecord& record, uint32_t sessions);
    void remove(SelectorRecord& record);
    // Counts one more session, unless those of that very selector are `most`
    // already on all workers: false.
    bool admit_session(SelectorRecord& record, uint32_t most);

    // These REQUIRE it.
    // Frees the record; it and each part of it take one of `steps`. False when
    // they did not suffice.
    bool free(Transaction& tx, SelectorRecord& record, size_t& steps);
    // Whether some selector matches the topic. In doubt, where many selectors
    // begin as its path does, one does.
    bool match(Topic& topic);
    // Gives each worker with a selector that matches the topic an interest in
    // it: that is part of what the topic costs its publisher, whatever
    // subscribers have. False when the zone is full.
    bool tell(Transaction& tx, Topic& topic);

private:
    // A topic's interests and matching sessions, by worker.
    struct Readership {
        Interest* interests[kMaxWorkers] = {};
        uint32_t sessions[kMaxWorkers] = {};
    };

    SelectorRecord* make_record(Transaction& tx, WorkerId worker,
                                std::string_view selector, size_t parts);
    bool add_parts(SelectorRecord& overlap,
                   std::span<const std::string_view> selectors);
    void free_last_part(Transaction& tx, SelectorRecord& overlap);
    void subtract_overlaps(Readership& readership);
    bool give_interest(Transaction& tx, Topic& topic, WorkerId worker,
                       Readership& readership);
    bool count_matches(Transaction& tx, Topic& topic, Readership& readership,
                       bool& room);

    ZoneAccess& access_;
    ZoneHeader& header_;
    Interests& interests_;
    SelectorTree tree_;
    std::vector<SelectorNode*> matching_;   // a topic, while it is looked at
    std::vector<SelectorRecord*> overlaps_; // of which they are parts
};

} // namespace ws_pubsub
