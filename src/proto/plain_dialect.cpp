#include "proto/plain_dialect.hpp"

namespace ws_pubsub {

FrameRef PlainDialect::messages(bool deflate, std::string_view /*topic*/,
                                const Batch& batch, size_t first, size_t last)
{
    framing_.begin();
    for (size_t i = first; i < last; i++) {
        const Message message = batch[i].message;
        framing_.add(message.kind == PayloadKind::binary ? Framing::Kind::binary
                                                         : Framing::Kind::text,
                     message.payload, deflate);
    }
    return framing_.take(static_cast<uint32_t>(last - first));
}

} // namespace ws_pubsub
