// How much a log has lost of what a zone had applied of it, counted while what
// is left is applied again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/readable.hpp"
#include "log/joining_owner.hpp"
#include "log/log_id.hpp"

namespace ws_pubsub {

class Loss {
public:
    // The zone has joined at `at`, where it has applied so many entries.
    void begin(const Joined& joined, const LogId& at, uint64_t entries)
    {
        is_any_ = joined.is_rewound;
        before_ = joined.before;
        entries_before_ = joined.entries_before;
        back_to_ = at;
        entries_ = entries;
    }
    // An entry was applied.
    void note(const LogId& id)
    {
        if (is_any_ && id <= before_) {
            back_to_ = id;
            entries_++;
        }
    }
    [[nodiscard]] bool is_any() const { return is_any_; }
    void end() { is_any_ = false; }
    [[nodiscard]] std::string text() const
    {
        const uint64_t lost =
            entries_before_ > entries_ ? entries_before_ - entries_ : 1;
        return "Redis lost at least " + grouped(lost) +
               (lost == 1 ? " entry" : " entries") + ": back to " +
               text_of(back_to_);
    }

private:
    bool is_any_ = false;
    LogId before_{};
    uint64_t entries_before_ = 0;
    LogId back_to_{};
    uint64_t entries_ = 0;
};

} // namespace ws_pubsub
