// Items copied out of the zone, so that nobody holds references into it.
#pragma once

#include <string>
#include <vector>

#include "topics/layout.hpp"

namespace ws_pubsub {

class Batch {
public:
    struct Entry {
        ItemKind kind{};
        Message message; // a gone mark has only `at`, of the last message
    };

    void clear()
    {
        bytes_.clear();
        places_.clear();
    }

    void add(Item& item) { add(item, item.epoch); }
    // The same under another epoch of the topic.
    void add(Item& item, uint64_t epoch)
    {
        places_.push_back({item.kind,
                           item.payload_kind,
                           item.content_type_bytes,
                           item.payload_bytes,
                           bytes_.size(),
                           {epoch, item.seq},
                           item.time_ms,
                           item.born_ms});
        bytes_.append(item.bytes(),
                      item.content_type_bytes + item.payload_bytes);
    }

    // Becomes a copy of the i-th message of another batch, and of no more.
    void assign(const Batch& other, size_t i)
    {
        Place place = other.places_[i];
        bytes_.assign(other.bytes_, place.offset,
                      place.content_type_bytes + place.payload_bytes);
        place.offset = 0;
        places_.assign(1, place);
    }

    [[nodiscard]] size_t size() const { return places_.size(); }
    [[nodiscard]] bool empty() const { return places_.empty(); }
    [[nodiscard]] size_t bytes() const { return bytes_.size(); }

    // The views live until the batch changes.
    [[nodiscard]] Entry operator[](size_t i) const
    {
        const Place& place = places_[i];
        const std::string_view all(bytes_);
        return {place.kind,
                {place.at, place.time_ms, place.payload_kind,
                 all.substr(place.offset, place.content_type_bytes),
                 all.substr(place.offset + place.content_type_bytes,
                            place.payload_bytes),
                 place.born_ms}};
    }

private:
    struct Place {
        ItemKind kind{};
        PayloadKind payload_kind;
        uint8_t content_type_bytes;
        uint32_t payload_bytes;
        size_t offset;
        Position at;
        int64_t time_ms;
        int64_t born_ms;
    };

    std::string bytes_;
    std::vector<Place> places_;
};

} // namespace ws_pubsub
