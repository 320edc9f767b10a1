#include "log/filling.hpp"

#include <algorithm>
#include <utility>

#include "base/keyed_hash.hpp"

namespace ws_pubsub {

using State = SnapshotLoader::State;

Filling::Filling(TopicParts& parts, std::string_view snapshot,
                 SnapshotSurvey found, const LogId& genesis, bool rewound)
    : parts_(parts), genesis_(genesis),
      replacing_(std::max<uint64_t>(random_hash_key().first, 1)),
      emptying_(std::in_place, parts, replacing_, loss(rewound)),
      loader_(parts, snapshot, std::move(found), replacing_)
{}

// Of a log that has come to be since the zone may not know all.
Emptying::Loss Filling::loss(bool rewound) const
{
    if (rewound) {
        return Emptying::Loss::rewound;
    }
    const Transaction tx(parts_.access);
    const LogId& known = parts_.header.replica.genesis;
    return known.ms != 0 && known != genesis_ ? Emptying::Loss::another_log
                                              : Emptying::Loss::none;
}

void Filling::note_genesis()
{
    Transaction tx(parts_.access);
    ReplicaBook& book = parts_.header.replica;
    if (book.replacing == 0) {
        tx.set(book.genesis.ms, genesis_.ms);
        tx.set(book.genesis.number, genesis_.number);
    }
}

State Filling::step()
{
    State state = State::more;
    for (size_t i = 0; i < kHoldsPerTurn && state == State::more; i++) {
        state = step_once();
    }
    if (state == State::done) {
        note_genesis();
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
