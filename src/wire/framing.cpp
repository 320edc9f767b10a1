#include "wire/framing.hpp"

namespace ws_pubsub {

FrameRef Framing::take(uint32_t messages)
{
    if (bytes_.empty()) {
        return {};
    }
    FrameRef frame = FrameRef::make(bytes_, messages);
    bytes_.clear();
    return frame;
}

} // namespace ws_pubsub
