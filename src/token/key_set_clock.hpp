// When a key set that is fetched from somebody is fetched again, and how long
// it is good for.
//
// All times are ticks in milliseconds. Thread safety: none; a worker's own.
#pragma once

#include <cstdint>
#include <optional>

namespace ws_pubsub {

class KeySetClock {
public:
    struct Times {
        int64_t interval_ms; // between two good fetches
        int64_t stale_ms;    // so long after a good one there is none any more
    };

    explicit KeySetClock(const Times& times) : times_(times) {}

    // Whether there is a set that counts.
    [[nodiscard]] bool has_set(int64_t now_ms) const
    {
        return good_ms_ && now_ms - *good_ms_ < times_.stale_ms;
    }
    // A good set has come.
    void note_good(int64_t now_ms);
    // None has, or a bad one: what there was stays.
    void note_failed(int64_t now_ms);
    // From now until the next fetch. After failures it is doubled each time: up
    // to the interval while there is a set, up to kMostKeySetRetryMs while
    // there is none.
    [[nodiscard]] int64_t pause_ms(int64_t now_ms) const;

    // Whether a key that is not in the set is worth a fetch now: it is at most
    // once in kUnknownKidFetchMs. True counts as that once.
    bool take_turn_for_unknown(int64_t now_ms);

private:
    [[nodiscard]] int64_t retry_ms(int64_t now_ms) const;

    Times times_;
    std::optional<int64_t> good_ms_;    // when the last good one came
    std::optional<int64_t> unknown_ms_; // when a fetch for an unknown key began
    unsigned failures_ = 0;             // since then, or since there was none
    bool had_set_ = false;              // at the last of them
};

} // namespace ws_pubsub
