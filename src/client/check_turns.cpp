#include "client/check_turns.hpp"

#include <algorithm>
#include <utility>

namespace ws_pubsub {

CheckTurns::Place::Place(CheckTurns& turns, Call go_on)
    : turns_(turns), go_on_(std::move(go_on)),
      at_(turns.line_.insert(turns.line_.end(), this))
{}

CheckTurns::Place::~Place()
{
    if (has_come_) {
        turns_.called_--;
    } else {
        turns_.line_.erase(at_);
    }
}

bool CheckTurns::may_check(const Place* place) const
{
    const bool may =
        place == nullptr ? line_.empty() && called_ == 0 : place->has_come();
    return may && left_ > 0;
}

std::unique_ptr<CheckTurns::Place> CheckTurns::wait(Call go_on)
{
    std::unique_ptr<Place> place(new Place(*this, std::move(go_on)));
    ask();
    return place;
}

void CheckTurns::spend(size_t signatures)
{
    left_ -= std::min(left_, signatures);
    ask();
}

// Who is called checks in the next turn, before this runs again: so what it
// takes is of this turn, and nobody else's.
void CheckTurns::run()
{
    asked_ = false;
    left_ = kSignaturesPerTurn;
    while (!line_.empty() && called_ < left_) {
        Place& first = *line_.front();
        line_.pop_front();
        first.has_come_ = true;
        called_++;
        first.go_on_();
    }
    if (called_ > 0) {
        ask();
    }
}

void CheckTurns::ask()
{
    if (!asked_) {
        asked_ = true;
        run_soon_();
    }
}

} // namespace ws_pubsub
