// One subscriber as the broker sees it.
//
// A session has an outbox, subscriptions, and a transport that writes the
// outbox and can be asked to close. Sessions belong to the WebSocket side;
// the broker refers to them between add_session() and remove_session().
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/topic.hpp"
#include "broker/outbox.hpp"
#include "broker/tracks.hpp"
#include "shm/store.hpp"

namespace ws_pubsub {

class Session;
struct Group;
struct Overlap;

// How a message looks on the wire of a session.
enum class Encoding : uint8_t { json, json_deflated, plain, plain_deflated };
inline constexpr size_t kEncodings = 4;

// The way out of a session.
class Transport {
public:
    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;

    // The outbox is no longer empty: write it when this turn of the event
    // loop is over.
    virtual void flush_soon() = 0;
    // Closes the session with a code. Neither calls the broker back at once
    // nor ends the session's life.
    virtual void close(uint16_t code, std::string_view reason) = 0;
};

// Where a subscription starts in each topic.
struct Start {
    ReadFrom from; // topics that `positions` does not name
    std::map<std::string, Position, std::less<>> positions;
};

// What a subscription asks for beside its selector.
struct SubscribeOptions {
    Start start;
    int64_t interval_ms = 0; // of each topic one message in this time; 0: all
    bool delta = false;
};

// How far the values and history of a new subscription have been sent.
//
// It goes through the topics in path order, as the outbox has room. Topics up
// to `after` get messages as they come; those behind it are not yet live.
struct CatchUp {
    Start start;
    std::string after;
    std::string listed_to;      // the last topic that the reply has named
    std::vector<TopicRow> page; // topics to come next, from `page_next`
    size_t page_next = 0;
    LocalTopic* partial = nullptr;     // in the middle of this one's history,
    Position partial_at;               // up to here
    std::set<const LocalTopic*> early; // live before their turn
};

struct Subscription {
    Session* session = nullptr;
    Group* group = nullptr;
    size_t place = 0;                  // in group->members
    std::unique_ptr<CatchUp> catch_up; // null: live in all its topics
    int64_t interval_ms = 0; // of each topic one message in this time; 0: all
    bool delta = false;      // takes deltas
    bool overlaps = false;   // may share topics with another of the session
    bool present = false;    // its session's identity is present in the topic
};

struct SessionLimits {
    size_t queue_bytes = kDefaultQueueBytes;
    size_t max_subscriptions = kDefaultMaxSubscriptions;
};

struct SessionCounters {
    uint64_t messages_in = 0;
    uint64_t messages_out = 0;
    uint64_t dropped = 0;
};

class Session {
public:
    // `identity`: who it is for presence; empty: nobody.
    Session(Transport& transport, Encoding encoding, SessionLimits limits,
            std::string identity = {})
        : transport_(transport), encoding_(encoding), limits_(limits),
          identity_(std::move(identity))
    {}
    ~Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Queues a frame; closes the session when its queue is full (3008).
    // Returns whether the frame was queued.
    bool send(const FrameRef& frame);
    // Whether send() would queue so many bytes. A single frame that is larger
    // than the queue still goes out.
    [[nodiscard]] bool fits(size_t bytes) const;
    // Queues the frame whatever the limit says: for what comes as there is
    // room, and for what ends a session.
    void push(const FrameRef& frame);

    // Nothing more is queued, and no message arrives.
    void stop() { stopped_ = true; }
    [[nodiscard]] bool stopped() const { return stopped_; }

    // It ends with its worker, and its client was told to come back: until
    // then its identity stays present.
    void expect_back() { expected_back_ = true; }
    [[nodiscard]] bool is_expected_back() const { return expected_back_; }

    [[nodiscard]] Encoding encoding() const { return encoding_; }
    [[nodiscard]] const SessionLimits& limits() const { return limits_; }
    [[nodiscard]] const std::string& identity() const { return identity_; }
    // Whether values and history may be queued: live messages need the rest.
    [[nodiscard]] bool has_room() const
    {
        return outbox_.bytes() < limits_.queue_bytes / 2;
    }
    // Whether the broker has more to queue now: resume() will.
    [[nodiscard]] bool wants_more() const
    {
        return (catching_up() && has_room()) ||
               (outbox_.empty() && tracks_ != nullptr && tracks_->any_ready());
    }
    // Whether the connection could not take all of the outbox.
    [[nodiscard]] bool stalled() const { return stalled_; }
    void set_stalled(bool stalled) { stalled_ = stalled; }
    Outbox& outbox() { return outbox_; }
    [[nodiscard]] const Outbox& outbox() const { return outbox_; }
    SessionCounters& counters() { return counters_; }
    [[nodiscard]] size_t subscriptions() const { return subscriptions_.size(); }
    // Whether some subscription waits for room in the outbox.
    [[nodiscard]] bool catching_up() const { return catching_up_ > 0; }

private:
    friend class Broker;

    // What a delivery needs comes first, close together.
    Transport& transport_;
    Outbox outbox_;
    uint64_t stamp_ = 0; // of the last delivery, so that none comes twice
    std::unique_ptr<Tracks> tracks_; // null while it has none
    Encoding encoding_;
    bool stopped_ = false;
    bool stalled_ = false;
    bool expected_back_ = false;
    bool listed_ = false;      // is in the broker's list of such sessions
    uint16_t catching_up_ = 0; // subscriptions
    SessionLimits limits_;
    SessionCounters counters_;

    std::vector<std::unique_ptr<Subscription>> subscriptions_;
    Overlap* overlap_ = nullptr; // of its subscriptions; null: none
    std::string identity_;
    int64_t timer_ms_ = 0; // in the broker's timers; 0: it is not
};

} // namespace ws_pubsub
