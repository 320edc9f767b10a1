#include "base/crc32c.hpp"

#include <array>
#include <cstddef>

namespace ws_pubsub {

namespace {

constexpr uint32_t kPolynomial = 0x82f63b78; // bits reversed
constexpr size_t kLanes = 8;                 // bytes at a time

using Tables = std::array<std::array<uint32_t, 256>, kLanes>;

// [0] is that of one byte; [n] that of a byte with n zeroes behind it.
constexpr Tables make_tables()
{
    Tables tables{};
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t sum = byte;
        for (int bit = 0; bit < 8; bit++) {
            sum = (sum >> 1) ^ ((sum & 1) != 0 ? kPolynomial : 0);
        }
        tables[0][byte] = sum;
    }
    for (size_t lane = 1; lane < kLanes; lane++) {
        for (size_t byte = 0; byte < 256; byte++) {
            const uint32_t before = tables[lane - 1][byte];
            tables[lane][byte] = (before >> 8) ^ tables[0][before & 0xff];
        }
    }
    return tables;
}

constexpr Tables kTables = make_tables();

} // namespace

uint32_t crc32c(std::string_view bytes, uint32_t before)
{
    const auto at = [&](size_t i) {
        return static_cast<uint32_t>(static_cast<uint8_t>(bytes[i]));
    };
    uint32_t sum = ~before;
    while (bytes.size() >= kLanes) {
        sum ^= at(0) | at(1) << 8 | at(2) << 16 | at(3) << 24;
        sum = kTables[7][sum & 0xff] ^ kTables[6][sum >> 8 & 0xff] ^
              kTables[5][sum >> 16 & 0xff] ^ kTables[4][sum >> 24] ^
              kTables[3][at(4)] ^ kTables[2][at(5)] ^ kTables[1][at(6)] ^
              kTables[0][at(7)];
        bytes.remove_prefix(kLanes);
    }
    for (const char byte : bytes) {
        sum =
            (sum >> 8) ^ kTables[0][(sum ^ static_cast<uint8_t>(byte)) & 0xff];
    }
    return ~sum;
}

} // namespace ws_pubsub
