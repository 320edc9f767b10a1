#include "proto/pages.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "json/writer.hpp"

namespace ws_pubsub {

namespace {

void end_page(std::string& out, bool more)
{
    JsonWriter(out).end_array().name("more").boolean(more).end_object();
}

// Appends the topic's value, or nothing: false.
bool append_value(std::string& out, const Reader& reader,
                  const std::string& topic, Batch& batch)
{
    reader.read(topic, {}, {}, batch);
    if (batch.empty()) {
        return false;
    }
    JsonWriter(out).members(append_item, topic, batch[0].message);
    return true;
}

} // namespace

void append_rows(std::string& out, const Reader& reader,
                 const std::vector<TopicRow>& rows, bool more, bool values,
                 const PageLimits& limits)
{
    const size_t start = out.size();
    out += '[';
    Batch batch;
    for (size_t i = 0; i < rows.size(); i++) {
        if (!values || !append_value(out, reader, rows[i].path, batch)) {
            JsonWriter(out).members(append_topic_row, rows[i].path,
                                    rows[i].newest, rows[i].was);
        }
        if (out.size() - start >= limits.bytes && i + 1 < rows.size()) {
            more = true;
            break;
        }
    }
    end_page(out, more);
}

size_t append_topics(std::string& out, const Reader& reader,
                     const Selector& selector, std::string_view after,
                     bool values, const PageLimits& limits)
{
    std::vector<TopicRow> rows;
    const bool more = reader.list(selector, after, items_of(limits), rows);
    append_rows(out, reader, rows, more, values, limits);
    return rows.size();
}

std::optional<Error> fault_of(const ReadAnswer& answer, const ReadFrom& from)
{
    if (answer.newest.epoch == 0) {
        return kUnknownTopic;
    }
    if (answer.known) {
        return std::nullopt;
    }
    return Error{Errc::other_epoch,
                 from.after.epoch == answer.newest.epoch
                     ? "the position is past the newest message"
                     : "the position is of another epoch"};
}

ReadAnswer append_history(std::string& out, const Reader& reader,
                          std::string_view topic, const ReadFrom& from,
                          const PageLimits& limits)
{
    // Of the newest n those are wanted that are really the newest.
    ReadFrom capped = from;
    if (from.kind == ReadFrom::Kind::last) {
        const size_t most = limits.items == 0 ? kMaxPageItems : limits.items;
        capped.last = static_cast<uint32_t>(std::min<size_t>(from.last, most));
    }
    const size_t items =
        from.kind == ReadFrom::Kind::last ? SIZE_MAX : items_of(limits);
    Batch batch;
    const ReadAnswer answer =
        reader.read(topic, capped, {items, limits.bytes}, batch);
    JsonWriter(out).begin_object().name("items").begin_array();
    for (size_t i = 0; i < batch.size(); i++) {
        JsonWriter(out).members(append_item, topic, batch[i].message);
    }
    end_page(out, answer.more);
    return answer;
}

} // namespace ws_pubsub
