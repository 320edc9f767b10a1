#include "load/inflater.hpp"

#include <array>
#include <functional>

#include "shared/fail.hpp"

namespace ws_bench {

Inflater::Inflater()
{
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) {
        fail("zlib");
    }
}

Inflater::~Inflater()
{
    inflateEnd(&stream_);
}

std::string_view Inflater::inflate(std::string_view compressed)
{
    // The stamp is at the front of a message: so is what differs.
    const size_t hash = std::hash<std::string_view>()(compressed.substr(0, 48));
    Known& known = known_[hash % known_.size()];
    if (known.compressed != compressed) {
        known.compressed = compressed;
        inflate_anew(known);
    }
    return known.message;
}

void Inflater::inflate_anew(Known& known)
{
    std::string input = known.compressed;
    input.append("\0\0\xff\xff", 4);
    inflateReset(&stream_);
    stream_.next_in = reinterpret_cast<Bytef*>(input.data());
    stream_.avail_in = static_cast<uInt>(input.size());
    known.message.clear();
    std::array<char, 4096> out{};
    do {
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = out.size();
        const int result = ::inflate(&stream_, Z_SYNC_FLUSH);
        if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END) {
            fail("a frame that can't be inflated alone");
        }
        known.message.append(out.data(), out.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
}

} // namespace ws_bench
