// The payloads: a stamp, and what makes it as long as asked for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "shared/stamp.hpp"

namespace ws_bench {

class Payload {
public:
    // Text: the stamp and filling. JSON: an object of a stamp, and of quotes as
    // a trading screen gets them (they compress as such do). Neither is shorter
    // than its stamp.
    Payload(size_t bytes, bool json);

    // Valid until the next call.
    std::string_view stamped(const Stamp& stamp);

private:
    std::string text_;
    size_t stamp_at_ = 0;
};

} // namespace ws_bench
