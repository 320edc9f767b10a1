// What a subscription starts with in one topic: its value or history, after a
// notice of the topic and a gap where there is one, in the form that the
// subscription asks for.
//
// Mostly catch_up.hpp goes from topic to topic; a message that comes for a
// topic before its turn makes that topic begin early.
//
// Thread safety: none; one for all sessions of a worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "broker/delta_maker.hpp"
#include "broker/encoder.hpp"
#include "broker/groups.hpp"
#include "broker/pacer.hpp"
#include "broker/turn_budget.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

class TopicStart {
public:
    // All of them outlive it.
    TopicStart(Store& store, WorkerId worker, Encoder& encoder, Pacer& pacer,
               DeltaMaker& deltas, TurnBudget& budget)
        : store_(store), encoder_(encoder), pacer_(pacer), deltas_(deltas),
          budget_(budget), worker_(worker)
    {}

    // Where it starts in the topic, and how much is read for it at once.
    static ReadFrom from(const Start& start, std::string_view path);
    static ReadLimits limits(const Session& session, const LocalTopic& topic);
    // Whether the topic's messages come to the session already. Then the
    // subscription is through with the topic from now on.
    static bool has_begun(Subscription& subscription, const LocalTopic& topic);

    // Whether the subscription, which is still catching up, gets the topic's
    // messages as they come. `before_seq`: the first that comes now, before
    // which the topic begins early if it has to; 0: it is not about a message.
    bool is_live(Subscription& subscription, LocalTopic& topic,
                 uint64_t before_seq);

    // The topic at hand has lost what came after `left`. Who is in the middle
    // of its history, and not beyond that, goes on there, and is not told. {}:
    // it is over.
    void set_back(const Position& left) { left_ = left; }
    // The topic is gone, or set back. REQUIRES: it is catching up.
    void forget(Subscription& subscription, const LocalTopic& topic) const;

    // `was`: as of ReadAnswer.
    void send_notice(Session& session, const LocalTopic& topic,
                     const Position& at, uint64_t was);
    // Says what `answer` lacks of the messages before `before_seq`.
    void send_gap(Session& session, const LocalTopic& topic,
                  const ReadAnswer& answer, uint64_t before_seq);
    // Sends the first `count` messages of `kept`.
    void send_kept(const Subscription& subscription, LocalTopic& topic,
                   const Batch& kept, size_t count);

    // Gives back memory.
    void shrink() { early_ = {}; }

private:
    [[nodiscard]] bool goes_on(const CatchUpState& state,
                               const LocalTopic& topic) const;
    bool begin_early(Subscription& subscription, LocalTopic& topic,
                     uint64_t before_seq);
    FrameRef kept_frame(const Subscription& subscription, LocalTopic& topic,
                        const Batch& kept, size_t last);

    Store& store_;
    Encoder& encoder_;
    Pacer& pacer_;
    DeltaMaker& deltas_;
    TurnBudget& budget_;
    WorkerId worker_;
    Position left_{};
    Batch early_;
};

} // namespace ws_pubsub
