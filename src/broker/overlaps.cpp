#include "broker/overlaps.hpp"

#include <algorithm>
#include <utility>

#include "broker/groups.hpp"
#include "broker/session.hpp"

namespace ws_pubsub {

// Marks the new subscription and those that it overlaps. False: none.
bool Overlaps::mark(Subscription& subscription)
{
    const Selector& own = subscription.group->selector;
    if (own.is_exact()) {
        return false;
    }
    for (const auto& other :
         subscription.session->seat().subscriptions.with_wildcards()) {
        const Selector& theirs = other->group->selector;
        if (selectors_overlap(own.text(), theirs.text())) {
            other->overlaps = true;
            subscription.overlaps = true;
        }
    }
    return subscription.overlaps;
}

bool Overlaps::add(Subscription& subscription)
{
    return !mark(subscription) ||
           set(*subscription.session, nullptr, &subscription);
}

void Overlaps::remove(const Subscription& subscription)
{
    if (subscription.overlaps &&
        !set(*subscription.session, &subscription, nullptr)) {
        // In a full zone rather count the session twice than not at all.
        remove_all(*subscription.session);
    }
}

// Counts the session where its subscriptions say, and no longer where they
// said before. False, and it stays there, when the zone has no room
// for that.
bool Overlaps::set(Session& session, const Subscription* without,
                   const Subscription* with)
{
    std::vector<std::string_view> selectors;
    for (const auto& one : session.seat().subscriptions.with_wildcards()) {
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
        store_.selectors.set_sessions(*overlap->record, ++overlap->sessions);
    }
    if (Overlap* before = std::exchange(session.seat().overlap, overlap)) {
        release(*before);
    }
    return true;
}

void Overlaps::remove_all(Session& session)
{
    if (Overlap* before = std::exchange(session.seat().overlap, nullptr)) {
        release(*before);
    }
    for (const auto& one : session.seat().subscriptions.with_wildcards()) {
        one->overlaps = false;
    }
}

// nullptr when the zone has no room for it.
Overlap* Overlaps::overlap_of(std::vector<std::string_view> selectors)
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
    made->record = store_.selectors.add_overlap(worker_, std::move(selectors));
    if (made->record == nullptr) {
        return nullptr;
    }
    made->selectors = key;
    return overlaps_.emplace(std::move(key), std::move(made))
        .first->second.get();
}

// One session less.
void Overlaps::release(Overlap& overlap)
{
    if (--overlap.sessions > 0) {
        store_.selectors.set_sessions(*overlap.record, overlap.sessions);
        return;
    }
    store_.selectors.remove(*overlap.record);
    overlaps_.erase(overlaps_.find(overlap.selectors));
}

} // namespace ws_pubsub
