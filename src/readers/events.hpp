// Events: messages in topics of the module's own, which tell a back end what
// happens. They are published in the transaction of what they tell of.
//
// Where there is no room for one it is lost, and counted; the next one in its
// topic says so.
//
// Thread safety: none; one of each process, over the one zone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/topic.hpp"
#include "readers/layout.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"
#include "topics/change.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

[[nodiscard]] std::string_view path_of(EventTopic topic);

// What is told in a zone, as the host's configuration says.
struct EventRules {
    bool sessions = false;
    std::optional<Selector> topics;    // of which it is told who is subscribed
    std::optional<Selector> publishes; // and what is published
    Policy policies[kEventTopics];     // of the topics that tell it
};

class Events {
public:
    Events(ZoneAccess& access, ZoneHeader& header, TopicParts& topics)
        : access_(access), header_(header), topics_(topics)
    {}

    // What counts from now on in this process; before, nothing is told, but the
    // ends of what others have told to begin.
    void follow(EventRules rules) { rules_ = std::move(rules); }
    [[nodiscard]] bool tells_sessions() const { return rules_.sessions; }
    [[nodiscard]] bool tells_topics() const
    {
        return rules_.topics.has_value();
    }
    [[nodiscard]] bool tells_publishes() const
    {
        return rules_.publishes.has_value();
    }
    // Whether it is told who is subscribed to that topic.
    [[nodiscard]] bool tells_of(std::string_view topic) const
    {
        return rules_.topics && !is_reserved(topic) &&
               rules_.topics->matches(topic);
    }

    // All that follows REQUIRES the lock.
    // Makes room for so many bytes, and an event beside them. False: there is
    // none. REQUIRES: nothing of `tx` is open.
    bool make_room(Transaction& tx, size_t bytes);
    // A part of the change at hand. `text` is a JSON object without its end.
    // Without `room` it is lost.
    void publish(Transaction& tx, EventTopic topic, std::string text,
                 bool room);
    // The same of a message, if that is told.
    void publish(Transaction& tx, const Change& change, const Position& at,
                 bool room);
    // An event is lost.
    void lose(Transaction& tx, EventTopic topic);
    // Whether there are events that have yet to be settled.
    [[nodiscard]] bool are_unsettled() const { return unsettled_ != 0; }
    // Commits; and what nobody needs of their topics goes.
    void settle(Transaction& tx);

    // "time", now.
    void append_time(std::string& text) const;

private:
    bool add(Transaction& tx, EventTopic topic, const std::string& text);
    void wake_courier(Transaction& tx);

    ZoneAccess& access_;
    ZoneHeader& header_;
    TopicParts& topics_;
    EventRules rules_;
    uint32_t unsettled_ = 0; // a bit for each topic
};

} // namespace ws_pubsub
