// Replaces what a zone has of a log by what a snapshot has: first the one goes,
// then the other comes, a little in each turn.
//
// Thread safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "topics/emptying.hpp"
#include "topics/snapshot_loader.hpp"
#include "topics/snapshot_survey.hpp"

namespace ws_pubsub {

class Filling {
public:
    // Of the lock.
    static constexpr size_t kHoldsPerTurn = 4;

    // The bytes outlive it. `rewound`: the log has lost what the zone has of
    // it.
    Filling(TopicParts& parts, std::string_view snapshot, SnapshotSurvey found,
            bool rewound);

    // A turn's work.
    SnapshotLoader::State step();

private:
    SnapshotLoader::State step_once();

    TopicParts& parts_;
    const uint64_t replacing_;
    std::optional<Emptying> emptying_; // nothing: it is done
    SnapshotLoader loader_;
};

} // namespace ws_pubsub
