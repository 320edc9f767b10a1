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

    // The bytes outlive it. `genesis`: of the log that the snapshot is of.
    // `rewound`: that has lost what the zone has of it.
    Filling(TopicParts& parts, std::string_view snapshot, SnapshotSurvey found,
            const LogId& genesis, bool rewound);

    // A turn's work.
    SnapshotLoader::State step();

private:
    [[nodiscard]] Emptying::Loss loss(bool rewound) const;
    SnapshotLoader::State step_once();
    void note_genesis();

    TopicParts& parts_;
    const LogId genesis_;
    const uint64_t replacing_;
    std::optional<Emptying> emptying_; // nothing: it is done
    SnapshotLoader loader_;
};

} // namespace ws_pubsub
