#include "wire/framing.hpp"

namespace ws_pubsub {

FrameRef Framing::take(uint32_t messages, bool open)
{
    if (bytes_.empty()) {
        return {};
    }
    FrameRef frame = FrameRef::make(bytes_, messages, open);
    bytes_.clear();
    return frame;
}

} // namespace ws_pubsub
