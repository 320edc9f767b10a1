// Changes the topics of a zone, by the policies of the host, and reads them.
//
// It answers at once where nobody else has to agree (committer.hpp).
//
// Thread safety: none; one of each worker.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "broker/policies.hpp"
#include "broker/reader.hpp"
#include "readers/following.hpp"
#include "topics/committer.hpp"
#include "topics/topics.hpp"

namespace ws_pubsub {

// A handle: all of them outlive it.
class Publisher {
public:
    // `committer`: null where nobody else has to agree.
    Publisher(Topics& topics, const Policies& policies,
              Committer* committer = nullptr)
        : topics_(&topics), policies_(&policies), committer_(committer)
    {}

    // Fills in the policy, then as Topics::publish().
    [[nodiscard]] Outcome publish(const Change& change) const
    {
        Change made = change;
        made.policy = policy_of(change.topic);
        return commit(made);
    }
    // Likewise, as Topics::publish_revised(). Error conflict where others have
    // to agree: nobody can hold them up.
    [[nodiscard]] Result<ChangeAnswer>
    publish_revised(const Change& change, const Topics::Revision& revise) const
    {
        if (committer_ != nullptr) {
            return kOthersChange;
        }
        Change made = change;
        made.policy = policy_of(change.topic);
        return topics_->publish_revised(made, revise);
    }
    // As Topics::find_answer().
    [[nodiscard]] std::optional<Result<ChangeAnswer>>
    find_answer(const Change& change) const
    {
        return topics_->find_answer(change);
    }
    // As Topics::remove(); epoch 0: the topic was not there.
    [[nodiscard]] Outcome remove(std::string_view topic, int64_t now_ms,
                                 const Condition& condition) const
    {
        Change removal = removal_of(topic, now_ms, condition);
        return commit(removal);
    }

    // A position that is not known here: it may be that others have come
    // further. As Committer::catch_up(); nullptr: that can't be.
    [[nodiscard]] std::unique_ptr<PendingChange>
    catch_up(std::string_view topic, const Position& at) const
    {
        return committer_ == nullptr || topics_->is_known(topic, at)
                   ? nullptr
                   : committer_->catch_up();
    }

    [[nodiscard]] Policy policy_of(std::string_view topic) const
    {
        return policies_->of(topic);
    }
    [[nodiscard]] Reader reader() const { return Reader(*topics_); }
    // For answers: kNotServed where Committer::serves() says no.
    [[nodiscard]] Result<Reader> served_reader() const
    {
        if (committer_ != nullptr && !committer_->serves()) {
            return kNotServed;
        }
        return reader();
    }

    static constexpr Error kOthersChange{Errc::conflict,
                                         "others are changing the value"};

private:
    [[nodiscard]] Outcome commit(Change& change) const
    {
        topics_->stamp(change);
        if (committer_ != nullptr) {
            return committer_->commit(change);
        }
        return Outcome([&] { return topics_->apply(change); });
    }

    Topics* topics_;
    const Policies* policies_;
    Committer* committer_;
};

} // namespace ws_pubsub
