#include "load/deliveries.hpp"

#include <utility>

namespace ws_bench {

Deliveries::Deliveries(const Options& options, int64_t start_ns)
    : start_ns_(start_ns), topics_(options.topics),
      subscriptions_(options.subscriptions),
      counts_window_(options.rate == 0 && options.pace == Pace::deliveries),
      audience_(options.topics), waiting_for_(options.window)
{
    const size_t places =
        subscriptions_ == 1 ? options.subscribers : options.topics;
    for (size_t i = 0; i < places; i++) {
        next_.push_back(i % topics_);
        if (subscriptions_ > 1 || i >= options.stalled) {
            audience_[i % topics_]++;
        }
    }
}

void Deliveries::published(uint64_t index)
{
    if (!counts_window_) {
        return;
    }
    const uint32_t audience = audience_[index % topics_];
    waiting_for_[index % waiting_for_.size()] = audience;
    if (audience == 0) {
        completed_++;
    }
}

void Deliveries::complete_one(uint64_t index)
{
    if (counts_window_ && --waiting_for_[index % waiting_for_.size()] == 0) {
        completed_++;
    }
}

void Deliveries::took(size_t subscriber, const Stamp& stamp)
{
    uint64_t& next =
        next_[subscriptions_ == 1 ? subscriber : stamp.index % topics_];
    if (stamp.index % topics_ != next % topics_) {
        misrouted_++;
        return;
    }
    if (stamp.index < next) {
        repeated_++;
        return;
    }
    // What was passed over will not come: nobody is to wait for it.
    for (; next < stamp.index; next += topics_) {
        lost_++;
        complete_one(next);
    }
    next += topics_;
    delivered_++;
    complete_one(stamp.index);
    if (stamp.sent_ns >= from_ns_ && stamp.sent_ns < to_ns_) {
        latencies_.add(read_ns_ - stamp.sent_ns);
    }
}

size_t Deliveries::take_completed()
{
    return std::exchange(completed_, 0);
}

void Deliveries::measure(int64_t from_ns, int64_t to_ns)
{
    from_ns_ = from_ns - start_ns_;
    to_ns_ = to_ns - start_ns_;
}

uint64_t Deliveries::missing(size_t subscriber, uint64_t published) const
{
    uint64_t missing = 0;
    const size_t first = subscriber * subscriptions_;
    for (size_t i = first; i < first + subscriptions_; i++) {
        if (published > next_[i]) {
            missing += (published - next_[i] + topics_ - 1) / topics_;
        }
    }
    return missing;
}

} // namespace ws_bench
