#include "log/filling.hpp"

#include <algorithm>
#include <utility>

#include "base/keyed_hash.hpp"

namespace ws_pubsub {

using State = SnapshotLoader::State;

namespace {

using Loss = Emptying::Loss;

// Whatever is lost of a log, a term begins. So where there was none since, all
// that the zone has is there, even if the log has been trimmed meanwhile.
Loss loss(TopicParts& parts, const SnapshotSurvey& found, bool rewound)
{
    if (rewound) {
        return Loss::rewound;
    }
    const Transaction tx(parts.access);
    return parts.header.term_epoch == found.zone.term_epoch ? Loss::none
                                                            : Loss::possible;
}

} // namespace

Filling::Filling(TopicParts& parts, std::string_view snapshot,
                 SnapshotSurvey found, bool rewound)
    : parts_(parts), replacing_(std::max<uint64_t>(random_hash_key().first, 1)),
      emptying_(std::in_place, parts, replacing_, loss(parts, found, rewound)),
      loader_(parts, snapshot, std::move(found), replacing_)
{}

State Filling::step()
{
    State state = State::more;
    for (size_t i = 0; i < kHoldsPerTurn && state == State::more; i++) {
        state = step_once();
    }
    return state;
}

State Filling::step_once()
{
    if (!emptying_) {
        return loader_.step();
    }
    switch (emptying_->step()) {
    case Emptying::State::more:
        return State::more;
    case Emptying::State::done:
        emptying_.reset();
        return State::more;
    case Emptying::State::stale:
        break;
    }
    return State::stale;
}

} // namespace ws_pubsub
