// Names that all have one hash for std::hash of libstdc++, whose seed is fixed
// (MurmurHash64A). Who can choose names can make them.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace ws_pubsub {

// 16 bytes each, which need no escape in JSON, in a JSON pointer or in a
// selector. Any first half has a second one that collides; where that is such
// text, it is taken.
inline std::vector<std::string> colliding_names(size_t count)
{
    constexpr uint64_t kMul = 0xC6A4A7935BD1E995;
    constexpr uint64_t kInverse = 0x5F7A0EA7E59B19BD; // kMul * it == 1
    static_assert(kMul * kInverse == 1);
    constexpr std::string_view kNotPlain = "\"\\/*~";
    constexpr uint64_t kSeed = 0xC70F6907;
    const auto mix = [](uint64_t v) {
        return v ^ (v >> 47);
    };
    const auto is_text = [&](std::string_view half) {
        for (const char c : half) {
            if (c <= ' ' || c > '}' || kNotPlain.find(c) != kNotPlain.npos) {
                return false;
            }
        }
        return true;
    };
    std::mt19937_64 random(3);
    std::vector<std::string> names;
    for (uint64_t n = 0; names.size() < count; n++) {
        char halves[16];
        for (int i = 0; i < 8; i++) {
            halves[i] = static_cast<char>('a' + (n >> (4 * i)) % 16);
        }
        uint64_t half = 0;
        std::memcpy(&half, halves, sizeof(half));
        const uint64_t state =
            ((kSeed ^ (16 * kMul)) ^ (mix(half * kMul) * kMul)) * kMul;
        half = kInverse * mix(kInverse * state);
        std::memcpy(halves + 8, &half, sizeof(half));
        if (is_text({halves + 8, 8})) {
            names.emplace_back(halves, sizeof(halves));
        }
    }
    return names;
}

// As many of the same size that do not collide.
inline std::vector<std::string> plain_names(size_t count)
{
    std::vector<std::string> names;
    for (size_t i = 0; i < count; i++) {
        const std::string number = std::to_string(i);
        names.push_back(number + std::string(16 - number.size(), 'x'));
    }
    return names;
}

} // namespace ws_pubsub
