// The members of a JSON object, in the order in which they came.
//
// A container in the form that nlohmann::basic_json takes for its objects. Its
// own choices are one that sorts the names, and one that looks through all
// members for each name and compares objects by their order, too.
//
// Invariant: the index has every name of the list, as a view of it.
#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/name_hash.hpp"

namespace ws_pubsub {

template <class Key, class T, class Less, class Allocator>
class JsonMembers {
public:
    using key_type = Key;
    using mapped_type = T;
    using key_compare = Less; // asked for, but of no use here
    using value_type = std::pair<const Key, T>;
    using List = std::list<value_type, Allocator>;
    using iterator = typename List::iterator;
    using const_iterator = typename List::const_iterator;
    using size_type = size_t;

    JsonMembers() = default;
    JsonMembers(const JsonMembers& other) : list_(other.list_)
    {
        index_.reserve(list_.size());
        for (auto it = list_.begin(); it != list_.end(); ++it) {
            index_.emplace(it->first, it);
        }
    }
    JsonMembers(JsonMembers&&) noexcept = default;
    JsonMembers& operator=(const JsonMembers&) = delete;
    JsonMembers& operator=(JsonMembers&&) = delete;
    ~JsonMembers() = default;

    iterator begin() { return list_.begin(); }
    iterator end() { return list_.end(); }
    const_iterator begin() const { return list_.begin(); }
    const_iterator end() const { return list_.end(); }
    const_iterator cbegin() const { return list_.begin(); }
    const_iterator cend() const { return list_.end(); }
    [[nodiscard]] size_t size() const { return list_.size(); }
    [[nodiscard]] size_t max_size() const { return list_.max_size(); }
    [[nodiscard]] bool empty() const { return list_.empty(); }
    void clear()
    {
        index_.clear();
        list_.clear();
    }

    iterator find(std::string_view name)
    {
        const auto found = index_.find(name);
        return found == index_.end() ? list_.end() : found->second;
    }
    const_iterator find(std::string_view name) const
    {
        const auto found = index_.find(name);
        return found == index_.end() ? list_.end()
                                     : const_iterator(found->second);
    }
    [[nodiscard]] size_t count(std::string_view name) const
    {
        return index_.count(name);
    }

    // The member of that name; made of `value` if there is none.
    template <class Value>
    std::pair<iterator, bool> emplace(Key name, Value&& value)
    {
        const auto found = find(name);
        if (found != list_.end()) {
            return {found, false};
        }
        list_.emplace_back(std::move(name), std::forward<Value>(value));
        const auto added = std::prev(list_.end());
        index_.emplace(added->first, added);
        return {added, true};
    }
    T& operator[](Key name)
    {
        return emplace(std::move(name), nullptr).first->second;
    }

    iterator erase(iterator member)
    {
        index_.erase(member->first);
        return list_.erase(member);
    }
    size_t erase(std::string_view name)
    {
        const auto found = find(name);
        if (found == list_.end()) {
            return 0;
        }
        erase(found);
        return 1;
    }

    // The order of members has no meaning (RFC 6902 section 4.6).
    bool operator==(const JsonMembers& other) const
    {
        if (size() != other.size()) {
            return false;
        }
        for (const value_type& member : list_) {
            const auto found = other.find(member.first);
            if (found == other.end() || !(found->second == member.second)) {
                return false;
            }
        }
        return true;
    }

private:
    List list_;
    std::unordered_map<std::string_view, iterator, NameHash> index_;
};

} // namespace ws_pubsub
