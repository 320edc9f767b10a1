// One frame for each encoding, made when the first session wants it.
#pragma once

#include <array>

#include "broker/session.hpp"

namespace ws_pubsub {

class FrameCache {
public:
    // encode() may find that there is nothing to say: the reference is empty.
    template <class Encode>
    const FrameRef& get(Encoding encoding, Encode&& encode)
    {
        Slot& slot = slots_[static_cast<size_t>(encoding)];
        if (!slot.made) {
            slot.frame = encode(encoding);
            slot.made = true;
        }
        return slot.frame;
    }
    void clear() { slots_ = {}; }

private:
    struct Slot {
        FrameRef frame;
        bool made = false;
    };
    std::array<Slot, kEncodings> slots_;
};

} // namespace ws_pubsub
