// Compresses messages for permessage-deflate (RFC 7692 section 7.2.1), each
// on its own, so that one compressed message serves all sessions.
#pragma once

#include <string>
#include <string_view>

#include <zlib.h>

namespace ws_pubsub {

class Deflater {
public:
    Deflater() = default;
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    ~Deflater();

    // Appends the compressed payload of a frame with RSV1. False, and `out`
    // as it was, when zlib has no memory or nothing would be saved.
    bool append(std::string& out, std::string_view payload);

private:
    z_stream stream_{};
    bool ready_ = false;
};

} // namespace ws_pubsub
