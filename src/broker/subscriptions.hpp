// What one session is subscribed to.
//
// Those with wildcards are kept apart from those by name, so that what is
// about selectors that may overlap walks no others. Most sessions have a
// subscription or two, and are looked through; only one with many has an index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

namespace ws_pubsub {

struct Group;
struct Subscription;

class Subscriptions {
public:
    using Span = std::span<const std::unique_ptr<Subscription>>;

    Subscriptions();
    Subscriptions(const Subscriptions&) = delete;
    Subscriptions& operator=(const Subscriptions&) = delete;
    ~Subscriptions();

    [[nodiscard]] size_t size() const { return all_.size(); }
    [[nodiscard]] bool empty() const { return all_.empty(); }
    [[nodiscard]] Span all() const { return all_; }
    [[nodiscard]] Span with_wildcards() const { return all().first(wild_); }
    [[nodiscard]] Span by_name() const { return all().subspan(wild_); }
    // Of all, those by name come first. REQUIRES: !empty().
    [[nodiscard]] Subscription& next_to_end() const { return *all_.back(); }

    // That of the group; nullptr: there is none.
    [[nodiscard]] Subscription* find(const Group& group) const;
    void add(std::unique_ptr<Subscription> subscription);
    // Ends its life. REQUIRES: it was added.
    void remove(Subscription& subscription);

private:
    using Index = std::unordered_map<const Group*, Subscription*>;

    void put(size_t place, std::unique_ptr<Subscription> subscription);

    std::vector<std::unique_ptr<Subscription>> all_; // with wildcards first
    std::unique_ptr<Index> index_;                   // null: they are few
    uint32_t wild_ = 0;
};

} // namespace ws_pubsub
