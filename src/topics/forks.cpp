#include "topics/forks.hpp"

#include <algorithm>
#include <span>

#include "base/keyed_hash.hpp"

namespace ws_pubsub {

uint64_t random_jump()
{
    constexpr uint64_t kLeast = uint64_t{1} << 32;
    constexpr uint64_t kMost = uint64_t{1} << 40;
    return kLeast + random_hash_key().first % (kMost - kLeast);
}

namespace {

std::span<const ForkPoint> points_of(const Topic& topic)
{
    return topic.forks == nullptr
               ? std::span<const ForkPoint>()
               : std::span(topic.forks->points, topic.forks->count);
}

} // namespace

void Forks::begin_term(uint64_t jump)
{
    tx_.set(header_.terms, header_.terms + 1);
    tx_.set(header_.next_epoch, header_.next_epoch + jump);
    tx_.set(header_.term_epoch, header_.next_epoch);
}

bool Forks::fork(Topic& topic)
{
    void* block = tx_.allocate(sizeof(TopicForks));
    if (block == nullptr) {
        return false;
    }
    auto* forks = new (block) TopicForks{};
    forks->life = topic.life();
    const auto known = points_of(topic);
    const auto kept = known.last(std::min(known.size(), kMaxForkPoints - 1));
    std::copy(kept.begin(), kept.end(), forks->points);
    forks->points[kept.size()] = {topic.epoch, topic.seq};
    forks->count = kept.size() + 1;
    drop(topic);
    tx_.set(topic.forks, forks);
    tx_.set(topic.epoch, header_.next_epoch);
    tx_.set(header_.next_epoch, header_.next_epoch + 1);
    return true;
}

void Forks::drop(Topic& topic)
{
    if (topic.forks != nullptr) {
        tx_.release(topic.forks);
        tx_.set(topic.forks, nullptr);
    }
}

bool Forks::is_known(const Topic& topic, const Position& at)
{
    if (at.epoch == topic.epoch) {
        return at.seq <= topic.seq;
    }
    const auto points = points_of(topic);
    return std::any_of(points.begin(), points.end(), [&](const auto& point) {
        return point.epoch == at.epoch && at.seq <= point.seq;
    });
}

uint64_t Forks::epoch_of(const Topic& topic, uint64_t seq)
{
    for (const ForkPoint& point : points_of(topic)) {
        if (seq <= point.seq) {
            return point.epoch;
        }
    }
    return topic.epoch;
}

} // namespace ws_pubsub
