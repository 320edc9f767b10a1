// Brings what lies in a zone to the sessions of one worker: the whole of its
// parts, as protocols and connections see it.
//
//   LocalTopics  which topics and groups there are, and how they are linked
//   Overlaps, SubscriberCounts
//                how many sessions each topic has
//   Deliveries   from the inbox to the sessions
//   Pacer        what goes to sessions that don't get every message
//   Latest       a topic's latest message, for these
//   CatchUp, TopicStart
//                what a subscription starts with
//
// Sessions have their place here (seat.hpp) from their first subscription on.
//
// Thread safety: none; one broker for each zone in each worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "broker/catch_up.hpp"
#include "broker/deliveries.hpp"
#include "broker/delta_maker.hpp"
#include "broker/laggards.hpp"
#include "broker/local_topics.hpp"
#include "broker/overlaps.hpp"
#include "broker/pacer.hpp"
#include "broker/passes.hpp"
#include "broker/presence_queue.hpp"
#include "broker/publisher.hpp"
#include "broker/review.hpp"
#include "broker/scheduler.hpp"
#include "broker/session.hpp"
#include "broker/session_lease.hpp"
#include "broker/shared_turns.hpp"
#include "broker/subscriber_counts.hpp"
#include "broker/subscribing.hpp"
#include "broker/topic_start.hpp"
#include "broker/turn_budget.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

struct Subscribed {
    Subscription* subscription = nullptr;
    std::vector<TopicRow> topics; // the first kMaxListedTopics
    bool recovered = true;
};

class Broker {
public:
    // All of them outlive it. `committer`: as of Publisher.
    Broker(Store& store, const Policies& policies, WorkerId worker,
           Encoder& encoder, Scheduler& scheduler, const Clock& clock,
           Committer* committer = nullptr);
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;
    // REQUIRES: all sessions were removed, their places given back.
    ~Broker();

    [[nodiscard]] Store& store() const { return store_; }
    [[nodiscard]] WorkerId worker() const { return worker_; }

    // A place for one more session; none when the zone has `limit` sessions
    // already (0: no limit).
    [[nodiscard]] SessionLease admit(uint64_t limit);
    // Nothing arrives any more. Ends some of the subscriptions: false, if there
    // are more, for which to call again in the next turn.
    bool end_subscriptions(Session& session);
    // Ends them all, however many there are. Nothing refers to the session any
    // more.
    void remove_session(Session& session);

    // Joins the session to the selector. Nothing is sent before start().
    // REQUIRES: its last step said that it is ready, just now.
    // Errors: already_subscribed, limit (of the session's subscriptions or
    // of the topic's subscribers), zone_full.
    Result<Subscribed> subscribe(Subscribing& subscribing);
    // The same, all at once: for a selector by name.
    Result<Subscribed> subscribe(Session& session, const Selector& selector,
                                 SubscribeOptions options);
    // Sends what the subscription starts with, now as far as there is room.
    void start(Subscription& subscription);
    // Ends it when what was published before has come. `later`: that is more
    // than this turn of the event loop delivers; call again in the next.
    enum class Unsubscribed : uint8_t { done, later, unknown };
    Unsubscribed unsubscribe(Session& session, std::string_view selector);
    // Ends it for that reason, and tells the session. What was published before
    // and has not come is not sent. `later`: enough have ended in this turn.
    Unsubscribed withdraw(Session& session, std::string_view selector,
                          const Error& why);
    [[nodiscard]] bool is_subscribed(const Session& session,
                                     std::string_view selector) const
    {
        return find(session, selector) != nullptr;
    }

    // The session's rights have changed: it gets what the review says from now
    // on, and is that identity. review() is to be called until it is over.
    // REQUIRES: nothing is in the making for it; no review goes on.
    static void begin_review(Session& session, Review& review,
                             std::string identity)
    {
        session.begin_review(review, std::move(identity));
    }
    // Ends some of the subscriptions that it may not have any more, and tells
    // it. True: that was the last step. REQUIRES: no new subscription is made.
    bool review(Session& session, size_t& left);

    [[nodiscard]] const Publisher& publisher() const { return publisher_; }
    // For a Subscribing.
    LocalTopics& topics() { return topics_; }

    // Gives back the memory that large messages and many sessions took.
    void shrink();
    // Delivers what waits in the inbox. True if there may be more: call
    // again, after others had their turn.
    bool read_inbox();
    // A session that lagged has room again.
    void caught_up(Session& session) { deliveries_.caught_up(session); }

    // The session wants_more(), and its outbox has room again.
    void resume(Session& session) { catch_up_.resume(session); }
    // Does the work now, or in turns to come; see SharedTurns.
    bool begin(Work& work);
    void cancel(const Work& work) { turns_.cancel(work); }
    // Goes on with what was too much for one turn. True if there is more.
    bool run();

    // Who is subscribed to the topic by name, in step with what the sessions
    // of this worker were told.
    PresenceList who(std::string_view topic);

    // Wakes the sessions whose time has come.
    void run_due();

private:
    [[nodiscard]] Subscription* find(const Session& session,
                                     std::string_view selector) const;
    bool may_join(Group& group);
    std::unique_ptr<Subscription> add_member(Subscribing& subscribing);
    void leave(Subscription& subscription);
    void end(Subscription& subscription);
    void end_telling(Subscription& subscription, const Error& why);
    void look_again(Subscription& subscription, size_t& left);

    bool become_present(Subscription& subscription);
    void end_presence(Subscription& subscription);

    Store& store_;
    Publisher publisher_;
    Encoder& encoder_;
    Scheduler& scheduler_;
    WorkerId worker_;

    Passes passes_;
    TurnBudget budget_;
    SharedTurns turns_;
    Laggards laggards_;
    DeltaMaker deltas_;
    PresenceQueue untold_;
    Overlaps overlaps_;
    SubscriberCounts counts_;
    LocalTopics topics_;
    Pacer pacer_;
    TopicStart start_;
    Deliveries deliveries_;
    CatchUp catch_up_;
};

} // namespace ws_pubsub
