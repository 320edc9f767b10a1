// Reads what the topics of a zone keep. A handle: these outlive it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "topics/topics.hpp"

namespace ws_pubsub {

class Reader {
public:
    explicit Reader(Topics& topics) : topics_(&topics) {}

    // As Topics::read().
    ReadAnswer read(std::string_view topic, const ReadFrom& from,
                    const ReadLimits& limits, Batch& out) const
    {
        return topics_->read(topic, from, limits, out);
    }
    // As Topics::newest().
    [[nodiscard]] Position newest(std::string_view topic) const
    {
        return topics_->newest(topic);
    }
    // As Topics::scan(), without topics that are gone.
    Topics::Scan scan(const Selector& selector, std::string& after,
                      size_t limit, std::vector<TopicRow>& out,
                      size_t& left) const
    {
        return topics_->scan(selector, after, limit, out, left);
    }
    // As Topics::list().
    bool list(const Selector& selector, std::string_view after, size_t limit,
              std::vector<TopicRow>& out) const
    {
        return topics_->list(selector, after, limit, out);
    }

private:
    Topics* topics_;
};

} // namespace ws_pubsub
