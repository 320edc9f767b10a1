// permessage-deflate (RFC 7692), as a client that has agreed on
// server_no_context_takeover: equal frames mean the same, so that what a
// thousand subscribers got is inflated once.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <zlib.h>

namespace ws_bench {

class Inflater {
public:
    Inflater();
    ~Inflater();
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    // The message of a compressed frame; valid until the next call. Fails the
    // program if it is not compressed as agreed.
    std::string_view inflate(std::string_view compressed);

private:
    struct Known {
        std::string compressed;
        std::string message;
    };

    void inflate_anew(Known& known);

    z_stream stream_{};
    std::array<Known, 256> known_;
};

} // namespace ws_bench
