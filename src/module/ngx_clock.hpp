// nginx's own time: as of the last turn of its event loop. Its ticks are those
// of the kernel's monotonic clock, which all processes share.
#pragma once

#include "ngx/ngx.hpp"

#include "base/clock.hpp"

namespace ws_pubsub {

class NgxClock final : public Clock {
public:
    [[nodiscard]] int64_t now_ms() const override
    {
        const ngx_time_t* now = ngx_timeofday();
        return static_cast<int64_t>(now->sec) * 1000 +
               static_cast<int64_t>(now->msec);
    }
    [[nodiscard]] int64_t ticks_ms() const override
    {
        return static_cast<int64_t>(ngx_current_msec);
    }
};

} // namespace ws_pubsub
