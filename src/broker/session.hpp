// One subscriber as the broker sees it.
//
// A session has an outbox, and a transport that writes the outbox and can be
// asked to close. Sessions belong to whoever has the connection; the broker
// refers to them from their first subscription on until remove_session(), and
// keeps what it knows of them in their Seat.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/end_cause.hpp"
#include "base/limits.hpp"
#include "broker/encoding.hpp"
#include "broker/identity.hpp"
#include "broker/outbox.hpp"
#include "broker/seat.hpp"

namespace ws_pubsub {

class Laggards;

// The way out of a session.
class Transport {
public:
    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;

    // None of these calls the broker back at once, or ends the session's life.

    // The outbox is no longer empty: write it when this turn of the event
    // loop is over.
    virtual void flush_soon() = 0;
    // Writes at once what the connection takes of the outbox.
    virtual void flush_now() = 0;
    // Ends the session, as its protocol does that.
    virtual void close(EndCause cause, std::string_view reason) = 0;
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
    // `limits` outlive it. `identity`: who it is for presence; empty: nobody.
    Session(Transport& transport, Encoding encoding,
            const SessionLimits& limits, std::string identity = {})
        : transport_(transport), encoding_(encoding), limits_(limits),
          identity_(std::move(identity))
    {}
    ~Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Queues a frame; closes the session (too slow) when its queue is full
    // though its connection was offered all of it, and `laggards`, if given,
    // does not wait for the session. Returns whether the frame was queued.
    bool send(const FrameRef& frame, Laggards* laggards = nullptr);
    // Whether so many bytes fit into the queue, if need be after the
    // connection has taken what it can. A single frame that is larger than the
    // queue still goes out.
    [[nodiscard]] bool make_room(size_t bytes);
    // Queues the frame whatever the limit says: for what comes as there is
    // room, and for what ends a session.
    void push(const FrameRef& frame);

    // Nothing more is queued, and no message arrives.
    void stop() { intake_ = Intake::none; }
    [[nodiscard]] bool stopped() const { return intake_ == Intake::none; }
    // Whether it gets all that its subscriptions bring.
    [[nodiscard]] bool takes_all() const { return intake_ == Intake::all; }

    [[nodiscard]] Encoding encoding() const { return encoding_; }
    [[nodiscard]] const SessionLimits& limits() const { return limits_; }
    Identity& identity() { return identity_; }
    [[nodiscard]] const Identity& identity() const { return identity_; }
    // Whether values and history may be queued: live messages need the rest.
    [[nodiscard]] bool has_room() const
    {
        return outbox_.bytes() < limits_.queue_bytes / 2;
    }
    // Whether the broker has more to queue now: resume() will.
    [[nodiscard]] bool wants_more() const
    {
        return (seat_.is_catching_up() && has_room()) ||
               (outbox_.empty() && seat_.tracks != nullptr &&
                seat_.tracks->any_ready());
    }
    Outbox& outbox() { return outbox_; }
    [[nodiscard]] const Outbox& outbox() const { return outbox_; }
    SessionCounters& counters() { return counters_; }
    [[nodiscard]] size_t subscriptions() const
    {
        return seat_.subscriptions.size();
    }

    // The broker's; see there.
    void begin_review(Review& review, std::string identity);
    // No effect on one that is stopped.
    void end_review();
    Seat& seat() { return seat_; }
    [[nodiscard]] const Seat& seat() const { return seat_; }
    // Closes it with 3008: it takes less than comes.
    void close_too_slow();
    // Tells it that what it was subscribed to has ended, by a frame that says
    // so; or, if that is none, by closing it.
    void tell_ended(const FrameRef& notice, std::string_view reason,
                    Laggards& laggards);
    // Has the outbox written when this turn of the event loop is over.
    void flush_soon() { transport_.flush_soon(); }

private:
    enum class Intake : uint8_t { all, allowed, none };

    [[nodiscard]] bool fits(size_t bytes) const;
    bool send_late(const FrameRef& frame, Laggards* laggards);

    // What a delivery needs comes first, close together.
    Transport& transport_;
    Outbox outbox_;
    Encoding encoding_;
    Intake intake_ = Intake::all;
    const SessionLimits& limits_;
    SessionCounters counters_;
    Seat seat_;

    Identity identity_;
};

} // namespace ws_pubsub
