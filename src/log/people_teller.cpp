#include "log/people_teller.hpp"

#include "base/keyed_hash.hpp"
#include "log/entry.hpp"

namespace ws_pubsub {

namespace {

// Between two that tell of counts; and after an entry was lost.
constexpr int64_t kCountsMs = 1000;
constexpr int64_t kPauseMs = 200;

} // namespace

bool PeopleTeller::are_counts_due() const
{
    return host_.ticks_ms() - counted_ms_ >= kCountsMs;
}

void PeopleTeller::tell(Log& appending)
{
    const int64_t now_ms = host_.ticks_ms();
    if (way_->lost) {
        way_->lost = false;
        lost_ms_ = now_ms;
        store_.own_people.tell_again();
    }
    if (now_ms - lost_ms_ < kPauseMs) {
        return;
    }
    const bool with_counts = are_counts_due() && store_.own_people.has_counts();
    while (way_->entries < kMostOnTheWay && tell_some(appending, with_counts)) {
    }
    if (with_counts && !store_.own_people.has_counts()) {
        counted_ms_ = now_ms;
    }
}

// False: there is nothing more.
bool PeopleTeller::tell_some(Log& appending, bool with_counts)
{
    if (!store_.own_people.has_any(with_counts)) {
        return false;
    }
    news_.clear();
    const uint64_t number = store_.own_people.take(with_counts, news_);
    if (number == 0) {
        return false;
    }
    HereEntry here;
    here.host = store_.following.host();
    for (const PersonNews& one : news_) {
        here.people.push_back({one.topic, one.identity, one.connections});
    }
    way_->entries++;
    const bool taken = appending.append(
        encode({random_hash_key().first, here.host, number}, here),
        [way = way_](const LogOutcome& outcome) {
            way->entries--;
            way->lost |= !outcome.is_done();
        });
    if (!taken) {
        way_->entries--;
        way_->lost = true;
    }
    return taken;
}

} // namespace ws_pubsub
