// What subscriptions start with: values and history, as there is room, and what
// sessions have skipped.
//
// A subscription first tells which topics of its positions are gone, then goes
// through those that match, in path order (subscription.hpp: CatchUpState).
//
// Reading a topic's kept messages for one session takes its unread ones out
// of the inbox in the same step and delivers them to everybody else, so the
// session goes on exactly where its history ends. Where more is unread than
// may be delivered now, the session waits for the last step of several.
//
// All sessions together get as much in one turn of the event loop as
// kTurnCatchUpBytes says: however fast they read, and however many they are,
// others have their turn in between. Who could have more is listed, and has its
// own turn in run(): first come, first served.
//
// Thread safety: none; one for all sessions of a worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "broker/deliveries.hpp"
#include "broker/encoder.hpp"
#include "broker/local_topics.hpp"
#include "broker/pacer.hpp"
#include "broker/scheduler.hpp"
#include "broker/subscriber_counts.hpp"
#include "broker/topic_start.hpp"
#include "broker/turn_budget.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

class CatchUp {
public:
    // What it works with; all of it outlives it.
    struct Parts {
        Store& store;
        WorkerId worker;
        Encoder& encoder;
        Scheduler& scheduler;
        LocalTopics& topics;
        SubscriberCounts& counts;
        Pacer& pacer;
        TopicStart& start;
        Deliveries& deliveries;
        TurnBudget& budget;
    };
    explicit CatchUp(const Parts& parts) : parts_(parts) {}

    // The session has something to start with, or its outbox has room again.
    void resume(Session& session);
    // The sessions' turn. True: there is more.
    bool run();
    // The session ends.
    void forget(Session& session);
    // Gives back memory.
    void shrink();

private:
    enum class Progress : uint8_t { done, more, no_room, zone_full, held };
    enum class Next : uint8_t { found, none, later };

    static bool is_for_run(Progress progress);
    bool is_held_by_zone();
    Progress serve(Session& session, size_t bytes);
    Progress catch_up(Session& session, size_t& bytes_left);
    Progress catch_up(Subscription& subscription, size_t& bytes_left);
    Progress send_gone(Subscription& subscription, size_t& bytes_left);
    Next next_topic(Subscription& subscription, TopicRow& row);
    bool fill_page(Subscription& subscription);
    Progress start_topic(Subscription& subscription, const TopicRow& row,
                         size_t& bytes_left);
    Progress read_topic(Subscription& subscription, LocalTopic& topic,
                        ReadAnswer& answer);
    static void wait_for_unread(CatchUpState& state, const LocalTopic& topic,
                                const Position& newest);

    Parts parts_;
    std::deque<Session*> waiting_; // for their turn, and not for room
    Batch unread_;
    Batch kept_;
};

} // namespace ws_pubsub
