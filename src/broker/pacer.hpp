// Delivery to those who don't get every message: conflated topics, rates, and
// deltas, which depend on what a session got before.
//
// What a session has of such a topic is its Track (tracks.hpp). Messages that
// it may not have now it skips, and gets the topic's latest one later: when its
// rate allows that, by a timer, and its outbox is empty.
//
// Invariant: a session with tracks of which one waits for a time has a timer
// for the first of these times; one without tracks has none.
//
// Thread safety: none; one for all sessions of a worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

#include "base/clock.hpp"
#include "broker/encoder.hpp"
#include "broker/groups.hpp"
#include "broker/laggards.hpp"
#include "broker/message_frames.hpp"
#include "broker/scheduler.hpp"
#include "broker/session.hpp"
#include "broker/turn_budget.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

class Pacer {
public:
    // All of them outlive it.
    Pacer(Store& store, WorkerId worker, Encoder& encoder, Scheduler& scheduler,
          const Clock& clock, Laggards& laggards, TurnBudget& budget)
        : store_(store), encoder_(encoder), scheduler_(scheduler),
          clock_(clock), laggards_(laggards), budget_(budget), worker_(worker)
    {}

    // Whether the member may get less than all messages of its topics, or gets
    // them as deltas: if so, they go through offer().
    [[nodiscard]] static bool is_for(const Subscription& member)
    {
        return member.session->seat().tracks != nullptr || member.delta ||
               member.interval_ms > 0;
    }
    // Whether another subscription of the session brings the topic's messages
    // at a higher rate.
    [[nodiscard]] static bool is_faster_elsewhere(const Subscription& member,
                                                  const LocalTopic& topic)
    {
        return member.interval_ms > 0 && any_faster(member, topic);
    }
    // Whether the session skips messages of the topic, and will get its latest
    // one later.
    [[nodiscard]] static bool is_skipping(const Session& session,
                                          LocalTopic& topic);

    // Gives the member what it may have of the messages now. Returns how many
    // that were. REQUIRES: topic.last is the last of them; topic.latest, if it
    // is kept, too.
    uint64_t offer(const Subscription& member, LocalTopic& topic,
                   MessageFrames& frames);
    // The subscription gets what it starts with in the topic. Returns the
    // session's track, whose base is to be set; nullptr: it needs none, or has
    // too many already.
    Track* begin(const Subscription& subscription, LocalTopic& topic);
    // The session of the track has got all messages up to the latest, or that
    // after a gap.
    static void got_latest(LocalTopic& topic, Track& track);
    // Gives a session whose outbox is empty the latest messages of topics that
    // it has skipped some of, about so many bytes. True: it is still empty, and
    // there is more.
    bool send_skipped(Session& session, size_t& bytes_left);

    // The topic is no more, or begins anew: nobody gets what he skipped up to
    // `last_seq`.
    void forget_topic(LocalTopic& topic, uint64_t last_seq);
    // The subscription ends. What the session has skipped it gets as its other
    // subscriptions want it, or never.
    void end(const Subscription& subscription);
    // The session ends.
    void drop(Session& session);

    // Wakes the sessions whose time has come.
    void run_due();
    // Asks to be called at the next time, of a session or of Laggards.
    // REQUIRES: there is one.
    void arm_timer();

private:
    static bool any_faster(const Subscription& member, const LocalTopic& topic);
    static Track* find_track(const Session& session, LocalTopic& topic);
    static Track* track_of(const Subscription& member, LocalTopic& topic);
    static void forget_base(const Session& session, LocalTopic& topic);
    uint64_t offer_latest(const Subscription& member, LocalTopic& topic,
                          Track* track, uint64_t from);
    uint64_t send_latest(Session& session, LocalTopic& topic, Track* track,
                         uint64_t from);
    void send_expired(Session& session, const LocalTopic& topic, uint64_t from);
    [[nodiscard]] bool latest_expired(const LocalTopic& topic) const;
    void skip(const Subscription& member, LocalTopic& topic, uint64_t from,
              int64_t due_ms);
    void end(const Subscription& subscription, LocalTopic& topic);
    static bool hand_over(const Subscription& ending, LocalTopic& topic);
    void forget(Session& session, LocalTopic& topic, uint64_t last_seq);
    void drop_if_unused(Session& session);
    void set_timer(Session& session, int64_t due_ms);

    Store& store_;
    Encoder& encoder_;
    Scheduler& scheduler_;
    const Clock& clock_;
    Laggards& laggards_;
    TurnBudget& budget_;
    WorkerId worker_;
    std::set<std::pair<int64_t, Session*>> timers_;
};

} // namespace ws_pubsub
