// Brings what lies in a zone to the sessions of one worker.
//
//   zone ── inbox ──▶ LocalTopic ── groups ──▶ Group ── members ──▶ Session
//
// All subscriptions of this worker to the same selector are one Group. A
// LocalTopic is a topic of which some group here wants the messages; it knows
// its groups, so delivering a message costs what it must: one step for each
// session that gets it. Which groups a topic belongs to is looked up in the
// selector index once, when the topic becomes local.
//
// Invariants: a LocalTopic has an Interest in the zone as long as it lives,
// and the Interest's token is its address. A session is in a group once for
// each of its subscriptions; where several of its groups share a topic, the
// delivery stamp keeps it from getting a message twice.
//
// Thread safety: none; one broker for each zone in each worker.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/fossil_delta.hpp"
#include "broker/base_text.hpp"
#include "broker/encoder.hpp"
#include "broker/frame_cache.hpp"
#include "broker/publisher.hpp"
#include "broker/selector_index.hpp"
#include "broker/session.hpp"
#include "shm/store.hpp"

namespace ws_pubsub {

struct Group {
    explicit Group(Selector s) : selector(std::move(s)) {}

    Selector selector;
    std::vector<Subscription*> members;
    std::vector<LocalTopic*> topics;
    // In the zone; null if exact, but for topics of limited subscribers.
    SelectorRecord* record = nullptr;
    uint64_t stamp = 0;   // of the last count of repeats that it took part in
    bool recount = false; // is in the broker's list of groups to recount
    bool wants_newest = false; // a member wants less than all messages,
    bool wants_text = false;   // or deltas
};

// The sessions that have the same selectors with wildcards, several, of which
// some may match the same topic.
struct Overlap {
    std::string selectors; // a line each, in order
    SelectorRecord* record = nullptr;
    uint32_t sessions = 0;
};

// The newest message of a topic that some session may want later than others,
// or as a delta.
struct Newest {
    Batch message;    // one, or none has come yet
    TextMessage text; // of it, once wants_text is set
    bool wants_text = false;
    FrameCache data;
    FrameCache whole; // as text
    FrameCache delta; // as text, for who has the one before
    BaseTexts bases;  // of deltas for who has another one
    FrameCache gap;   // what is missing before it
    uint64_t gap_from = 0;
};

struct LocalTopic {
    std::string path;
    Interest* interest = nullptr;
    Policy policy;
    std::unique_ptr<Newest> newest; // null: nobody needs it
    std::vector<Group*> groups;
    std::vector<size_t> places; // in each group's topics
    // How many members of the groups are there for a session that is counted
    // already, as another group's member.
    uint32_t repeats = 0;
    Position last;       // of the last message delivered; epoch 0: none there
    bool orphan = false; // is in the broker's list of topics to let go
};

// Asks the owner of a broker to call run() in the next turn of the event loop.
class Scheduler {
public:
    Scheduler() = default;
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;
    virtual ~Scheduler() = default;

    virtual void run_soon() = 0;
    // The same with run_due(), at that time of the clock's ticks; in the place
    // of a time asked for before.
    virtual void run_at(int64_t ticks_ms) = 0;
};

struct Subscribed {
    Subscription* subscription = nullptr;
    std::vector<TopicRow> topics; // the first kMaxListedTopics
    bool recovered = true;
};

struct Offer;

class Broker {
public:
    Broker(const Publisher& publisher, WorkerId worker, Encoder& encoder,
           Scheduler& scheduler, const Clock& clock)
        : store_(publisher.store), publisher_(publisher), encoder_(encoder),
          scheduler_(scheduler), clock_(clock), worker_(worker)
    {}
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;
    // REQUIRES: all sessions were removed.
    ~Broker();

    [[nodiscard]] Store& store() const { return store_; }
    [[nodiscard]] WorkerId worker() const { return worker_; }

    // False when the zone has `limit` sessions already (0: no limit).
    bool add_session(uint64_t limit);
    // Nothing arrives any more, and it counts as a subscriber of nothing.
    void end_subscriptions(Session& session);
    // Ends them too.
    void remove_session(Session& session);

    // Joins the session to the selector. Nothing is sent before start().
    // Errors: already_subscribed, limit (of the session's subscriptions or
    // of the topic's subscribers), zone_full.
    Result<Subscribed> subscribe(Session& session, const Selector& selector,
                                 SubscribeOptions options);
    // Sends what the subscription starts with, now as far as there is room.
    void start(Subscription& subscription);
    // False if the session has no such subscription.
    bool unsubscribe(Session& session, std::string_view selector);

    [[nodiscard]] const Publisher& publisher() const { return publisher_; }

    // --- delivery.cpp
    // Delivers what waits in the inbox. True if there may be more: call
    // again, after others had their turn.
    bool read_inbox();

    // --- catch_up.cpp
    // The session's outbox has room again.
    void resume(Session& session);
    // Goes on with what was too much for one turn. True if there is more.
    bool run();

    // --- presence.cpp
    // Who is subscribed to the topic by name, in step with what the sessions
    // of this worker were told.
    Presence who(std::string_view topic);

    // --- pacing.cpp
    // Wakes the sessions whose hour has come.
    void run_due();

private:
    // broker.cpp
    Group* group_of(const Selector& selector);
    uint32_t max_subscribers(const Selector& selector);
    bool admit(Group& group);
    LocalTopic* local_topic(std::string_view path);
    static void link(Group& group, LocalTopic& topic);
    static void leave_groups(LocalTopic& topic);
    static void leave_group(Group& group, LocalTopic& topic);
    bool join_listed(std::vector<TopicRow>& rows);
    static void list_untold(const Group& group, std::vector<TopicRow>& rows);
    bool positions_hold(const Selector& selector, const Start& start);
    void leave(Subscription& subscription);
    void release_group(Group& group);
    void release_topic(LocalTopic& topic);
    bool let_go_if_gone(LocalTopic& topic);
    void orphan(LocalTopic& topic);
    void count_sessions(Group& group);
    void count_subscribers(std::span<LocalTopic* const> topics);
    static uint32_t subscribers_of(const LocalTopic& topic);
    void count_repeats(LocalTopic& topic);
    void add_repeats(const Subscription& subscription, uint32_t change);
    void recount_later(Group& group);
    bool recount_some();
    bool release_some();

    // overlaps.cpp
    static bool find_overlaps(Subscription& subscription);
    bool join_overlap(Subscription& subscription);
    bool set_overlap(Session& session, const Subscription* without,
                     const Subscription* with);
    void leave_overlap(Session& session);
    Overlap* overlap_of(std::vector<std::string_view> selectors);
    void release_overlap(Overlap& overlap);

    // delivery.cpp
    LocalTopic* adopt(const Delivery& delivery);
    void deliver(LocalTopic& topic, const Batch& batch);
    void deliver_messages(LocalTopic& topic, const Batch& batch, size_t first,
                          size_t last);
    void deliver_loss(LocalTopic& topic, const Position& newest);
    void deliver_gap(LocalTopic& topic, const Position& next);
    void deliver_gone(LocalTopic& topic);
    void deliver_presence(LocalTopic& topic,
                          std::span<const PresenceChange> changes);
    template <class Visit>
    void for_each_live(LocalTopic& topic, uint64_t before_seq, Visit&& visit);
    template <class Encode>
    void notify_all(LocalTopic& topic, uint64_t before_seq, Encode&& encode);
    bool is_live(Subscription& subscription, LocalTopic& topic,
                 uint64_t before_seq);

    // catch_up.cpp
    enum class Progress : uint8_t { done, more, no_room, zone_full };
    Progress catch_up(Session& session);
    Progress catch_up(Subscription& subscription, size_t& budget);
    bool next_topic(Subscription& subscription, TopicRow& row);
    bool start_topic(Subscription& subscription, const TopicRow& row);
    bool start_early(Subscription& subscription, LocalTopic& topic,
                     uint64_t before_seq);
    void send_topic_notice(Session& session, const LocalTopic& topic,
                           const Position& at);
    void send_gap(Session& session, const LocalTopic& topic,
                  const ReadAnswer& answer, uint64_t before_seq);
    void send_kept(const Subscription& subscription, LocalTopic& topic,
                   const Batch& kept, size_t count);
    FrameRef kept_frame(const Subscription& subscription, LocalTopic& topic,
                        const Batch& kept, size_t last);
    void list_for_run(Session& session);

    // presence.cpp
    bool join(Subscription& subscription);
    void leave_presence(Subscription& subscription);

    // newest.cpp
    void prepare_newest(LocalTopic& topic);
    void set_newest(LocalTopic& topic, const Batch& batch, size_t last,
                    std::span<const TextMessage> texts);
    std::vector<TextMessage> make_texts(const LocalTopic& topic,
                                        const Batch& batch, size_t first,
                                        size_t last);
    FrameRef newest_frame(LocalTopic& topic, Encoding encoding,
                          const Track* track);
    FrameRef newest_delta(LocalTopic& topic, Encoding encoding, BaseText& base);
    FrameRef newest_gap(LocalTopic& topic, Encoding encoding, uint64_t from);
    static void got_newest(const LocalTopic& topic, Track& track);

    // pacing.cpp
    uint64_t offer_to(Subscription& member, LocalTopic& topic, Offer& offer);
    uint64_t offer_newest(const Subscription& member, LocalTopic& topic,
                          Track* track, uint64_t from);
    FrameRef frame_of(Encoding encoding, LocalTopic& topic, const Track* track,
                      Offer& offer);
    uint64_t send_newest(Session& session, LocalTopic& topic, Track* track,
                         uint64_t from);
    void send_expired(Session& session, const LocalTopic& topic, uint64_t from);
    bool newest_expired(const LocalTopic& topic);
    Track* track_of(const Subscription& member, LocalTopic& topic);
    void miss(const Subscription& member, LocalTopic& topic, uint64_t from,
              int64_t due_ms);
    void pull(Session& session);
    void settle(const Subscription& subscription);
    static bool misses(const Session& session, LocalTopic& topic);
    static void forget_base(const Session& session, LocalTopic& topic);
    static bool is_faster_elsewhere(const Subscription& member,
                                    const LocalTopic& topic);
    void forget_topic(LocalTopic& topic, uint64_t last_seq);
    void forget(Session& session, LocalTopic& topic, uint64_t last_seq);
    void drop_tracks_if_unused(Session& session);
    void set_timer(Session& session);

    Store& store_;
    Publisher publisher_;
    Encoder& encoder_;
    Scheduler& scheduler_;
    const Clock& clock_;
    WorkerId worker_;
    uint64_t stamp_ = 0;
    size_t base_text_bytes_ = 0;

    SelectorIndex<Group> index_;
    std::map<std::string, std::unique_ptr<Group>, std::less<>> groups_;
    std::map<std::string, std::unique_ptr<LocalTopic>, std::less<>> topics_;
    std::map<std::string, std::unique_ptr<Overlap>, std::less<>> overlaps_;

    std::vector<Session*> catching_up_; // and not waiting for room
    std::vector<Group*> recount_;
    std::vector<LocalTopic*> orphans_;
    std::set<std::pair<int64_t, Session*>>
        timers_; // whose rate holds them back
    DeltaWriter delta_writer_;

    Batch inbox_batch_;
    Batch unread_batch_;
    Batch kept_batch_;
    Batch early_batch_;
};

} // namespace ws_pubsub
