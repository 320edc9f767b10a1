// Which topics somebody is subscribed to, by name or by a selector, on any
// worker: told by events, where the first one comes and where the last one has
// left.
//
// That the last one has left is told after a time, in which somebody else may
// have come: so nothing is told of a reload.
//
// All REQUIRE the lock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "readers/events.hpp"
#include "readers/layout.hpp"
#include "shm/transaction.hpp"
#include "shm/zone_access.hpp"
#include "topics/topic_parts.hpp"

namespace ws_pubsub {

class Occupancies {
public:
    Occupancies(ZoneAccess& access, ZoneHeader& header, TopicParts& topics,
                Events& events)
        : access_(access), header_(header), topics_(topics), events_(events)
    {}

    // Makes room for what changed() may tell. False: there is none. REQUIRES:
    // nothing of `tx` is open.
    bool expect(Transaction& tx, Topic& topic)
    {
        return !events_.tells_topics() || !is_new(topic) ||
               expect_event(tx, topic);
    }
    // The topic has got or lost subscribers: a part of that change. Events are
    // to be settled; without `room` they are lost. `begins`: its first ones, as
    // far as the worker knows; what can't be told then is lost, once.
    void changed(Transaction& tx, Topic& topic, bool room = true,
                 bool begins = false)
    {
        if (!is_new(topic) || events_.tells_topics()) {
            look(tx, topic, room, begins);
        }
    }
    // Settles events. False: there were none.
    bool settle(Transaction& tx)
    {
        if (!events_.are_unsettled()) {
            return false;
        }
        events_.settle(tx);
        return true;
    }
    // Tells of those topics that nobody is subscribed to for a time. True when
    // there may be more.
    bool end_vacancies(Transaction& tx, int64_t ticks_ms);

private:
    static bool is_new(const Topic& topic)
    {
        return topic.presence == nullptr ||
               topic.presence->occupancy == nullptr;
    }
    [[nodiscard]] bool has_subscribers(const Topic& topic) const;
    bool expect_event(Transaction& tx, Topic& topic);
    void look(Transaction& tx, Topic& topic, bool room, bool begins);
    Occupancy* make(Transaction& tx, Topic& topic);
    void begin(Transaction& tx, Topic& topic, bool room, bool begins);
    void set_vacant(Transaction& tx, Occupancy& occupancy, bool vacant);
    void end(Transaction& tx, Occupancy& occupancy);
    [[nodiscard]] std::string text_of(std::string_view event,
                                      std::string_view topic) const;

    ZoneAccess& access_;
    ZoneHeader& header_;
    TopicParts& topics_;
    Events& events_;
};

} // namespace ws_pubsub
