// Reads what the topics of a zone keep. A handle: the store outlives it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "readers/store.hpp"

namespace ws_pubsub {

class Reader {
public:
    explicit Reader(Store& store) : store_(&store) {}

    // As Store::read().
    ReadAnswer read(std::string_view topic, const ReadFrom& from,
                    const ReadLimits& limits, Batch& out) const
    {
        return store_->topics.read(topic, from, limits, out);
    }
    // As Store::newest().
    [[nodiscard]] Position newest(std::string_view topic) const
    {
        return store_->topics.newest(topic);
    }
    // As Store::scan(), without topics that are gone.
    Topics::Scan scan(const Selector& selector, std::string& after,
                      size_t limit, std::vector<TopicRow>& out,
                      size_t& left) const
    {
        return store_->topics.scan(selector, after, limit, out, left);
    }
    // As Store::list().
    bool list(const Selector& selector, std::string_view after, size_t limit,
              std::vector<TopicRow>& out) const
    {
        return store_->topics.list(selector, after, limit, out);
    }

private:
    Store* store_;
};

} // namespace ws_pubsub
