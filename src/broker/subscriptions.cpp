#include "broker/subscriptions.hpp"

#include <algorithm>
#include <utility>

#include "broker/groups.hpp"
#include "broker/session.hpp"

namespace ws_pubsub {

namespace {

// What is looked through faster than looked up.
constexpr size_t kFew = 16;

} // namespace

Subscriptions::Subscriptions() = default;
Subscriptions::~Subscriptions() = default;

Subscription* Subscriptions::find(const Group& group) const
{
    if (index_ != nullptr) {
        const auto found = index_->find(&group);
        return found == index_->end() ? nullptr : found->second;
    }
    const auto found =
        std::find_if(all_.begin(), all_.end(),
                     [&](const auto& one) { return one->group == &group; });
    return found == all_.end() ? nullptr : found->get();
}

void Subscriptions::put(size_t place,
                        std::unique_ptr<Subscription> subscription)
{
    subscription->number = static_cast<uint32_t>(place);
    all_[place] = std::move(subscription);
}

void Subscriptions::add(std::unique_ptr<Subscription> subscription)
{
    if (index_ == nullptr && all_.size() == kFew) {
        index_ = std::make_unique<Index>();
        for (const auto& one : all_) {
            index_->emplace(one->group, one.get());
        }
    }
    if (index_ != nullptr) {
        index_->emplace(subscription->group, subscription.get());
    }
    all_.emplace_back();
    size_t place = all_.size() - 1;
    if (!subscription->group->selector.is_exact()) {
        if (wild_ < place) {
            put(place, std::move(all_[wild_]));
        }
        place = wild_++;
    }
    put(place, std::move(subscription));
}

void Subscriptions::remove(Subscription& subscription)
{
    if (index_ != nullptr) {
        index_->erase(subscription.group);
    }
    size_t hole = subscription.number;
    const std::unique_ptr<Subscription> ended = std::move(all_[hole]);
    if (hole < wild_) {
        wild_--;
        if (hole < wild_) {
            put(hole, std::move(all_[wild_]));
        }
        hole = wild_;
    }
    if (hole + 1 < all_.size()) {
        put(hole, std::move(all_.back()));
    }
    all_.pop_back();
    if (all_.size() <= kFew / 2) {
        index_.reset();
    }
}

} // namespace ws_pubsub
