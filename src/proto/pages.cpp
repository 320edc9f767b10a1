#include "proto/pages.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "proto/json_text.hpp"

namespace ws_pubsub {

namespace {

void end_page(std::string& out, bool more)
{
    out += more ? "],\"more\":true}" : "],\"more\":false}";
}

void separate(std::string& out)
{
    if (!out.ends_with('[')) {
        out += ',';
    }
}

// Appends the topic's value, or nothing: false.
bool append_value(std::string& out, Store& store, const std::string& topic,
                  Batch& batch)
{
    store.read(topic, {}, {}, batch);
    if (batch.empty()) {
        return false;
    }
    separate(out);
    append_item(out, topic, batch[0].message);
    return true;
}

} // namespace

void append_rows(std::string& out, Store& store,
                 const std::vector<TopicRow>& rows, bool more, bool values,
                 const PageLimits& limits)
{
    const size_t start = out.size();
    out += '[';
    Batch batch;
    for (size_t i = 0; i < rows.size(); i++) {
        if (!values || !append_value(out, store, rows[i].path, batch)) {
            separate(out);
            append_topic_row(out, rows[i].path, rows[i].newest);
        }
        if (out.size() - start >= limits.bytes && i + 1 < rows.size()) {
            more = true;
            break;
        }
    }
    end_page(out, more);
}

size_t append_topics(std::string& out, Store& store, const Selector& selector,
                     std::string_view after, bool values,
                     const PageLimits& limits)
{
    std::vector<TopicRow> rows;
    const bool more = store.list(selector, after, items_of(limits), rows);
    append_rows(out, store, rows, more, values, limits);
    return rows.size();
}

ReadAnswer append_history(std::string& out, Store& store,
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
        store.read(topic, capped, {items, limits.bytes}, batch);
    out += "{\"items\":[";
    for (size_t i = 0; i < batch.size(); i++) {
        separate(out);
        append_item(out, topic, batch[i].message);
    }
    end_page(out, answer.more);
    return answer;
}

} // namespace ws_pubsub
