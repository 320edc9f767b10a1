// Changes the topics of a zone, by the policies of the host, and reads them.
//
// Thread safety: none; one of each worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/policies.hpp"
#include "broker/reader.hpp"
#include "topics/topics.hpp"

namespace ws_pubsub {

// A handle: both outlive it.
class Publisher {
public:
    Publisher(Topics& topics, const Policies& policies)
        : topics_(&topics), policies_(&policies)
    {}

    // Fills in the policy, then as Topics::publish().
    [[nodiscard]] Result<ChangeAnswer> publish(const Change& change) const
    {
        Change made = with_policy(change);
        topics_->stamp(made);
        return topics_->apply(made);
    }
    // Likewise, as Topics::publish_revised().
    [[nodiscard]] Result<ChangeAnswer>
    publish_revised(const Change& change, const Topics::Revision& revise) const
    {
        return topics_->publish_revised(with_policy(change), revise);
    }
    // As Topics::find_answer().
    [[nodiscard]] std::optional<Result<ChangeAnswer>>
    find_answer(const Change& change) const
    {
        return topics_->find_answer(change);
    }
    // As Topics::remove().
    [[nodiscard]] Result<bool> remove(std::string_view topic, int64_t now_ms,
                                      const Condition& condition) const
    {
        return topics_->remove(topic, now_ms, condition);
    }

    [[nodiscard]] Policy policy_of(std::string_view topic) const
    {
        return policies_->of(topic);
    }
    [[nodiscard]] Reader reader() const { return Reader(*topics_); }

private:
    [[nodiscard]] Change with_policy(Change change) const
    {
        change.policy = policy_of(change.topic);
        return change;
    }

    Topics* topics_;
    const Policies* policies_;
};

} // namespace ws_pubsub
