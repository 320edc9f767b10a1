#include "topics/numbers.hpp"

#include <algorithm>
#include <span>

namespace ws_pubsub {

namespace {

std::span<const ForkPoint> points_of(const NumberBook& book)
{
    return std::span(book.points, book.count);
}

} // namespace

void Numbers::fork(uint64_t zone, uint64_t sound)
{
    NumberBook forked = book_;
    if (forked.count == kMaxNumberPoints) {
        std::move(forked.points + 1, forked.points + forked.count,
                  forked.points);
        forked.count--;
    }
    forked.points[forked.count++] = {book_.zone, sound};
    forked.zone = zone;
    restore(forked);
}

void Numbers::restore(const NumberBook& saved)
{
    tx_.set(book_.zone, saved.zone);
    tx_.set(book_.last, saved.last);
    tx_.set(book_.count, saved.count);
    for (size_t i = 0; i < saved.count; i++) {
        tx_.set(book_.points[i].epoch, saved.points[i].epoch);
        tx_.set(book_.points[i].seq, saved.points[i].seq);
    }
}

// What was good once, and up to where, is good only as far as all that came
// after it: a zone that forks at 90 has lost what another fork had kept at 95.
bool Numbers::is_known(const NumberBook& book, const Cursor& at)
{
    if (at.zone == book.zone) {
        return at.number <= book.last;
    }
    bool found = false;
    for (const ForkPoint& point : points_of(book)) {
        found = found || point.epoch == at.zone;
        if (found && at.number > point.seq) {
            return false;
        }
    }
    return found;
}

} // namespace ws_pubsub
