#include "readers/courier.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>

#include "base/limits.hpp"
#include "topics/forks.hpp"

namespace ws_pubsub {

uint64_t lost_of(const Parcel& parcel)
{
    return parcel.answer.lost_from == 0
               ? 0
               : parcel.answer.lost_to - parcel.answer.lost_from + 1;
}

Lease Courier::lease() const
{
    return {header_, header_.events.courier.lease};
}

bool Courier::lead(WorkerId worker)
{
    Transaction tx(access_);
    const auto taken =
        lease().take(tx, worker, access_.clock.ticks_ms(), kCourierLeaseMs);
    if (taken == Lease::Taken::anew) {
        tx.set(header_.events.courier.news, true);
    }
    return taken != Lease::Taken::not_taken;
}

void Courier::give_up(WorkerId worker)
{
    Transaction tx(access_);
    lease().give_up(tx, worker);
}

bool Courier::may_have_news(WorkerId worker) const
{
    CourierBook& book = header_.events.courier;
    const auto load = [](auto& field) {
        return std::atomic_ref(field).load(std::memory_order_relaxed);
    };
    return load(book.lease.slot) == worker && load(book.news);
}

void Courier::take_news()
{
    Transaction tx(access_);
    tx.set(header_.events.courier.news, false);
}

bool Courier::read(EventTopic topic, const ReadLimits& limits, Parcel& parcel)
{
    Transaction tx(access_);
    parcel.from = header_.events.courier.taken[index_of(topic)];
    parcel.events.clear();
    ReadFrom from;
    from.kind = ReadFrom::Kind::after;
    from.after = parcel.from;
    parcel.answer = read_kept(topics_.records.find(path_of(topic)), from,
                              limits, access_.clock.ticks_ms(), parcel.events);
    return !parcel.events.empty();
}

bool Courier::take(EventTopic topic, const Parcel& parcel)
{
    Transaction tx(access_);
    CourierBook& book = header_.events.courier;
    Position& taken = book.taken[index_of(topic)];
    if (taken != parcel.from) {
        return false;
    }
    const size_t count = parcel.events.size();
    const Position to = parcel.events[count - 1].message.at;
    tx.set(book.lost, book.lost + lost_of(parcel));
    tx.set(book.events, book.events + count);
    tx.set(taken.epoch, to.epoch);
    tx.set(taken.seq, to.seq);
    return true;
}

std::vector<Position> Courier::marks()
{
    const Transaction tx(access_);
    const auto& taken = header_.events.courier.taken;
    return {std::begin(taken), std::end(taken)};
}

void Courier::restore(const std::vector<Position>& marks)
{
    Transaction tx(access_);
    for (size_t i = 0; i < std::min(marks.size(), kEventTopics); i++) {
        Position& taken = header_.events.courier.taken[i];
        tx.set(taken.epoch, marks[i].epoch);
        tx.set(taken.seq, marks[i].seq);
    }
}

void Courier::note_failure()
{
    Transaction tx(access_);
    uint64_t& failures = header_.events.courier.failures;
    tx.set(failures, failures + 1);
}

CourierStatus Courier::status() const
{
    const CourierBook& book = header_.events.courier;
    CourierStatus status{book.events, 0, book.lost, book.failures,
                         lease().is_led(access_.clock.ticks_ms()) ? 1U : 0U};
    for (size_t i = 0; status.leaders > 0 && i < kEventTopics; i++) {
        const Topic* topic =
            topics_.records.find(path_of(static_cast<EventTopic>(i)));
        const Position& taken = book.taken[i];
        if (topic != nullptr) {
            status.lag +=
                topic->seq - (Forks::is_known(*topic, taken) ? taken.seq : 0);
        }
    }
    return status;
}

} // namespace ws_pubsub
