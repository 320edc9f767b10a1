// One frame for each encoding, made when the first session wants it.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>

#include "broker/encoding.hpp"
#include "wire/frame.hpp"

namespace ws_pubsub {

// Of the slots only those are alive that were made: most messages are wanted in
// one or two encodings, of many.
class FrameCache {
public:
    FrameCache() = default;
    FrameCache(const FrameCache&) = delete;
    FrameCache& operator=(const FrameCache&) = delete;
    ~FrameCache() { clear(); }

    // encode() may find that there is nothing to say: the reference is empty.
    template <class Encode>
    const FrameRef& get(Encoding encoding, Encode&& encode)
    {
        const size_t index = encoding.index();
        if ((made_ >> index & 1U) == 0) {
            std::construct_at(&slots_[index].frame, encode(encoding));
            made_ |= 1U << index;
        }
        return slots_[index].frame;
    }
    void clear()
    {
        for (; made_ != 0; made_ &= made_ - 1) {
            std::destroy_at(
                &slots_[static_cast<size_t>(std::countr_zero(made_))].frame);
        }
    }

private:
    static_assert(kMaxEncodings <= 32);

    union Slot {
        Slot() {} // NOLINT: nothing is alive
        Slot(const Slot&) = delete;
        Slot& operator=(const Slot&) = delete;
        ~Slot() {} // NOLINT
        FrameRef frame;
    };

    uint32_t made_ = 0; // a bit for each encoding
    std::array<Slot, kMaxEncodings> slots_;
};

} // namespace ws_pubsub
