#include "client/event_batch.hpp"

#include "base/position_text.hpp"
#include "json/writer.hpp"

namespace ws_pubsub {

namespace {

// What is behind `from`, of whatever life of the topic, and before `first`.
void append_gap(JsonWriter& out, Position from, const Position& first)
{
    if (from.epoch == 0) { // nothing was taken yet
        from.epoch = first.epoch;
    }
    out.begin_object().name("event").string("gap");
    out.name("from").string(position_text({from.epoch, from.seq + 1}));
    out.name("to").string(position_text({first.epoch, first.seq - 1}));
    out.end_object();
}

} // namespace

std::string event_batch_text(EventTopic topic, const Parcel& parcel)
{
    const Position first = parcel.events[0].message.at;
    std::string text;
    JsonWriter out(text);
    out.begin_object().name("events").begin_array();
    if (parcel.answer.lost_from != 0 ||
        (!parcel.answer.found && parcel.from.epoch != 0)) {
        append_gap(out, parcel.from, first);
    }
    for (size_t i = 0; i < parcel.events.size(); i++) {
        out.raw(parcel.events[i].message.payload);
    }
    out.end_array().name("first").string(position_text(first));
    out.name("topic").string(path_of(topic)).end_object();
    return text;
}

} // namespace ws_pubsub
