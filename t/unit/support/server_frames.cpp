#include "support/server_frames.hpp"

#include <zlib.h>

#include "cmocka.hpp"

namespace ws_pubsub {

std::string inflate_message(std::string_view payload)
{
    std::string input(payload);
    input.append("\x00\x00\xff\xff", 4); // RFC 7692 section 7.2.2
    z_stream stream{};
    assert_int_equal(inflateInit2(&stream, -15), Z_OK);
    std::string out;
    char buffer[4096];
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    int result = Z_OK;
    do {
        stream.next_out = reinterpret_cast<Bytef*>(buffer);
        stream.avail_out = sizeof(buffer);
        result = inflate(&stream, Z_SYNC_FLUSH);
        out.append(buffer, sizeof(buffer) - stream.avail_out);
    } while (result == Z_OK && stream.avail_out == 0);
    const bool whole =
        (result == Z_OK || result == Z_BUF_ERROR) && stream.avail_in == 0;
    inflateEnd(&stream);
    assert_true(whole);
    return out;
}

std::vector<ServerFrame> parse_frames(std::string_view bytes)
{
    std::vector<ServerFrame> frames;
    while (!bytes.empty()) {
        assert_true(bytes.size() >= 2);
        const auto first = static_cast<uint8_t>(bytes[0]);
        const auto second = static_cast<uint8_t>(bytes[1]);
        assert_true((first & kFrameFin) != 0);
        assert_true((first & (kFrameRsv2 | kFrameRsv3)) == 0);
        assert_true((second & kFrameMask) == 0);
        size_t header = 2;
        uint64_t length = second & kFrameLength;
        if (length >= kFrameLength16) {
            header = length == kFrameLength16 ? 4 : 10;
            assert_true(bytes.size() >= header);
            length = 0;
            for (size_t i = 2; i < header; i++) {
                length = length << 8 | static_cast<uint8_t>(bytes[i]);
            }
            assert_true(length >= (header == 4 ? 126U : 65536U));
        }
        assert_true(bytes.size() - header >= length);
        ServerFrame frame;
        frame.opcode = static_cast<Opcode>(first & kFrameOpcode);
        frame.compressed = (first & kFrameRsv1) != 0;
        frame.payload = bytes.substr(header, length);
        if (frame.compressed) {
            frame.payload = inflate_message(frame.payload);
        }
        frames.push_back(std::move(frame));
        bytes.remove_prefix(header + length);
    }
    return frames;
}

} // namespace ws_pubsub
