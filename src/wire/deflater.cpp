#include "wire/deflater.hpp"

namespace ws_pubsub {

namespace {

constexpr int kRawWindowBits = -15;
constexpr int kMemLevel = 8;
constexpr int kLevel = 1;        // a message waits for it
constexpr size_t kFlushTail = 4; // 00 00 ff ff, not sent

} // namespace

Deflater::~Deflater()
{
    if (ready_) {
        deflateEnd(&stream_);
    }
}

bool Deflater::append(std::string& out, std::string_view payload)
{
    if (!ready_) {
        ready_ = deflateInit2(&stream_, kLevel, Z_DEFLATED, kRawWindowBits,
                              kMemLevel, Z_DEFAULT_STRATEGY) == Z_OK;
        if (!ready_) {
            return false;
        }
    } else {
        deflateReset(&stream_);
    }
    const size_t start = out.size();
    out.resize(start + payload.size() + kFlushTail);
    // zlib reads through this pointer only.
    stream_.next_in =
        reinterpret_cast<Bytef*>(const_cast<char*>(payload.data())); // NOLINT
    stream_.avail_in = static_cast<uInt>(payload.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + start);
    stream_.avail_out = static_cast<uInt>(out.size() - start);
    deflate(&stream_, Z_SYNC_FLUSH);
    if (stream_.avail_in > 0 || stream_.avail_out == 0) {
        out.resize(start);
        return false;
    }
    out.resize(out.size() - stream_.avail_out - kFlushTail);
    return true;
}

} // namespace ws_pubsub
