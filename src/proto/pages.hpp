// What topics keep, read from a zone and written as JSON: for the commands of
// the protocol and for the HTTP API.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/topic.hpp"
#include "broker/reader.hpp"

namespace ws_pubsub {

struct PageLimits {
    size_t items; // 0: kDefaultPageItems; the newest kMaxPageItems of "last"
    size_t bytes; // of JSON; one item is always written
};

inline size_t items_of(const PageLimits& limits)
{
    return limits.items == 0 ? kDefaultPageItems : limits.items;
}

// Appends […],"more":…} for the topics of `rows`: their positions; with
// `values`, kept items where a topic has one. The caller has named the list.
void append_rows(std::string& out, const Reader& reader,
                 const std::vector<TopicRow>& rows, bool more, bool values,
                 const PageLimits& limits);

// Appends […],"more":…} for the topics after `after` that `selector` matches,
// in path order. Returns how many topics there were.
size_t append_topics(std::string& out, const Reader& reader,
                     const Selector& selector, std::string_view after,
                     bool values, const PageLimits& limits);

// Why the messages that `from` asks for can't be told: the topic is not there,
// or never was at that position. Such a page says nothing to its reader.
std::optional<Error> fault_of(const ReadAnswer& answer, const ReadFrom& from);

// Appends {"items":[…],"more":…}: kept messages of one topic. To be sent if
// fault_of() has none.
ReadAnswer append_history(std::string& out, const Reader& reader,
                          std::string_view topic, const ReadFrom& from,
                          const PageLimits& limits);

} // namespace ws_pubsub
