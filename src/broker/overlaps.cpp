// Which sessions have several selectors that may match the same topic: the
// zone has to know, to count each once when such a topic comes to be.
//
// A session's set may hold a selector too many, that overlaps none of the
// others any more: what is counted is right all the same.
#include <algorithm>

#include "broker/broker.hpp"

namespace ws_pubsub {

// Marks the new subscription and those that it overlaps. False: none.
bool Broker::find_overlaps(Subscription& subscription)
{
    const Selector& own = subscription.group->selector;
    if (own.is_exact()) {
        return false;
    }
    for (const auto& other : subscription.session->subscriptions_) {
        const Selector& theirs = other->group->selector;
        if (!theirs.is_exact() &&
            selectors_overlap(own.text(), theirs.text())) {
            other->overlaps = true;
            subscription.overlaps = true;
        }
    }
    return subscription.overlaps;
}

// REQUIRES: the subscription is not yet among those of its session. False when
// the zone is full.
bool Broker::join_overlap(Subscription& subscription)
{
    return !find_overlaps(subscription) ||
           set_overlap(*subscription.session, nullptr, &subscription);
}

// Counts the session where its subscriptions say, and no longer where they
// said before. False, and it stays there, when the zone is full.
bool Broker::set_overlap(Session& session, const Subscription* without,
                         const Subscription* with)
{
    std::vector<std::string_view> selectors;
    for (const auto& one : session.subscriptions_) {
        if (one->overlaps && one.get() != without) {
            selectors.push_back(one->group->selector.text());
        }
    }
    if (with != nullptr) {
        selectors.push_back(with->group->selector.text());
    }
    Overlap* overlap = nullptr;
    if (selectors.size() > 1) {
        overlap = overlap_of(std::move(selectors));
        if (overlap == nullptr) {
            return false;
        }
        store_.set_sessions(*overlap->record, ++overlap->sessions);
    }
    if (Overlap* before = std::exchange(session.overlap_, overlap)) {
        release_overlap(*before);
    }
    return true;
}

void Broker::leave_overlap(Session& session)
{
    if (Overlap* before = std::exchange(session.overlap_, nullptr)) {
        release_overlap(*before);
    }
    for (const auto& one : session.subscriptions_) {
        one->overlaps = false;
    }
}

// nullptr when the zone is full.
Overlap* Broker::overlap_of(std::vector<std::string_view> selectors)
{
    std::sort(selectors.begin(), selectors.end());
    std::string key;
    for (const std::string_view selector : selectors) {
        key.append(selector).append("\n");
    }
    const auto found = overlaps_.find(key);
    if (found != overlaps_.end()) {
        return found->second.get();
    }
    auto made = std::make_unique<Overlap>();
    made->record = store_.add_overlap(worker_, std::move(selectors));
    if (made->record == nullptr) {
        return nullptr;
    }
    made->selectors = key;
    return overlaps_.emplace(std::move(key), std::move(made))
        .first->second.get();
}

// One session less.
void Broker::release_overlap(Overlap& overlap)
{
    if (--overlap.sessions > 0) {
        store_.set_sessions(*overlap.record, overlap.sessions);
        return;
    }
    store_.remove_selector(*overlap.record);
    overlaps_.erase(overlaps_.find(overlap.selectors));
}

} // namespace ws_pubsub
