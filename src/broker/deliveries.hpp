// From the worker's inbox in the zone into the outboxes of its sessions.
//
//   zone ── inbox ──▶ LocalTopic ── groups ──▶ Group ── members ──▶ Session
//
// A batch of one topic is encoded once for each form in which its subscribers
// get it, and goes to each session once, however many of its subscriptions
// bring the topic. Who does not get every message is the Pacer's; who has not
// come to the topic yet with what it starts with is TopicStart's.
//
// Where a burst put sessions behind (laggards.hpp), deliveries are held: all
// that waits in the zone waits on. Who came to a topic, or left it, is told one
// change a step, before anything else of the inbox.
//
// Thread safety: none; one for all sessions of a worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>

#include "broker/delta_maker.hpp"
#include "broker/encoder.hpp"
#include "broker/laggards.hpp"
#include "broker/local_topics.hpp"
#include "broker/pacer.hpp"
#include "broker/passes.hpp"
#include "broker/presence_queue.hpp"
#include "broker/scheduler.hpp"
#include "broker/topic_start.hpp"
#include "broker/turn_budget.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

class Deliveries {
public:
    enum class Inbox : uint8_t { empty, more, held };

    // What it works with; all of it outlives it.
    struct Parts {
        Store& store;
        WorkerId worker;
        Encoder& encoder;
        Scheduler& scheduler;
        LocalTopics& topics;
        PresenceQueue& untold;
        Laggards& laggards;
        Pacer& pacer;
        TopicStart& start;
        DeltaMaker& deltas;
        Passes& passes;
        TurnBudget& budget;
    };
    explicit Deliveries(const Parts& parts) : parts_(parts) {}

    // Delivers what waits in the inbox, as far as this turn may.
    Inbox read();
    // Whether deliveries wait: for the zone to be served, or for sessions that
    // a burst put behind. Then read() goes on, or caught_up(), or whoever asks
    // when the wait is over, at the latest run_due().
    bool is_held();
    // The zone was replaced: the topic goes on with what is there now.
    void resume(LocalTopic& topic);
    // Somebody who catches up can't go on while deliveries are held: run() is
    // asked for when they go on.
    void hold_catch_up() { catch_up_is_held_ = true; }
    // The session has room again, or ends.
    void caught_up(Session& session);

    // How many bytes of what is unread of a topic may be delivered now, out of
    // its turn; 0: none.
    size_t unread_bytes();
    // Delivers these, which were read by Store::catch_up() with that answer.
    void deliver_unread(LocalTopic& topic, const Batch& unread,
                        const ReadAnswer& answer);

    // The session has its first subscription; or has lost its last one.
    void add_queue(const Session& session);
    void remove_queue(const Session& session);
    // Gives back the memory that large messages took.
    void shrink() { batch_ = {}; }

private:
    void go_on();
    bool is_not_served();
    [[nodiscard]] size_t batch_bytes() const;
    void deliver(LocalTopic& topic, const Batch& batch);
    void deliver_messages(LocalTopic& topic, const Batch& batch, size_t first,
                          size_t last);
    void deliver_loss(LocalTopic& topic, const Position& newest);
    void deliver_gap(LocalTopic& topic, const Position& next);
    void deliver_epoch(LocalTopic& topic, const Position& next);
    static void tell_subscribing(const LocalTopic& topic);
    void deliver_gone(LocalTopic& topic, std::string_view why = "deleted");
    void deliver_untold();
    void deliver_presence(LocalTopic& topic, const PresenceChange& change);
    template <class Visit>
    void for_each_live(LocalTopic& topic, uint64_t before_seq, Visit&& visit);
    template <class Encode>
    void notify_all(LocalTopic& topic, uint64_t before_seq, Encode&& encode);

    Parts parts_;
    // Of the sessions that have subscriptions: how many have a queue of that
    // many bytes.
    std::map<size_t, size_t> queues_;
    bool catch_up_is_held_ = false;
    bool waits_for_zone_ = false;
    Batch batch_; // out of the inbox
};

} // namespace ws_pubsub
