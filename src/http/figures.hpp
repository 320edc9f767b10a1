// What the status page tells of a zone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "readers/store.hpp"

namespace ws_pubsub {

struct Figure {
    // The value may be any number of the zone's: none is above 2^63.
    template <class Number>
    Figure(std::string_view name_, std::string_view metric_,
           std::string_view help_, Number value_, bool thousandths_ = false,
           std::string text_ = {})
        : name(name_), metric(metric_), help(help_),
          value(static_cast<int64_t>(value_)), text(std::move(text_)),
          thousandths(thousandths_)
    {}

    std::string_view name;
    std::string_view metric; // Prometheus' name for it, after ws_pubsub_;
                             // empty: it has none
    std::string_view help;
    int64_t value;
    std::string text; // to be shown instead, but to Prometheus
    bool thousandths; // of what is shown
};

std::vector<Figure> figures_of(const ZoneStatus& status);

} // namespace ws_pubsub
