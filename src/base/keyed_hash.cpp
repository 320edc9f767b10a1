#include "base/keyed_hash.hpp"

#include <bit>
#include <cstring>

#include <sys/auxv.h>
#include <sys/random.h>

namespace ws_pubsub {

namespace {

class SipState {
public:
    explicit SipState(const HashKey& key)
        : v0_(key.first ^ 0x736f6d6570736575),
          v1_(key.second ^ 0x646f72616e646f6d),
          v2_(key.first ^ 0x6c7967656e657261),
          v3_(key.second ^ 0x7465646279746573)
    {}

    void add(uint64_t word)
    {
        v3_ ^= word;
        round();
        v0_ ^= word;
    }

    uint64_t finish()
    {
        v2_ ^= 0xff;
        round();
        round();
        round();
        return v0_ ^ v1_ ^ v2_ ^ v3_;
    }

private:
    void round()
    {
        v0_ += v1_;
        v1_ = std::rotl(v1_, 13) ^ v0_;
        v0_ = std::rotl(v0_, 32);
        v2_ += v3_;
        v3_ = std::rotl(v3_, 16) ^ v2_;
        v0_ += v3_;
        v3_ = std::rotl(v3_, 21) ^ v0_;
        v2_ += v1_;
        v1_ = std::rotl(v1_, 17) ^ v2_;
        v2_ = std::rotl(v2_, 32);
    }

    uint64_t v0_;
    uint64_t v1_;
    uint64_t v2_;
    uint64_t v3_;
};

// `bytes` bytes, the least significant first, and zeroes.
uint64_t part_of_word(const char* at, size_t bytes)
{
    uint64_t word = 0;
    for (size_t i = 0; i < bytes; i++) {
        word |= uint64_t{static_cast<uint8_t>(at[i])} << 8 * i;
    }
    return word;
}

uint64_t whole_word(const char* at)
{
    if constexpr (std::endian::native != std::endian::little) {
        return part_of_word(at, 8);
    }
    uint64_t word = 0;
    std::memcpy(&word, at, 8);
    return word;
}

} // namespace

HashKey random_hash_key()
{
    HashKey key;
    if (getrandom(&key, sizeof(key), 0) != sizeof(key)) {
        // A sandbox may forbid the call. These bytes come from the kernel with
        // each process.
        std::memcpy(&key, reinterpret_cast<const void*>(getauxval(AT_RANDOM)),
                    sizeof(key));
    }
    return key;
}

uint64_t keyed_hash(std::string_view bytes, const HashKey& key)
{
    SipState state(key);
    const char* at = bytes.data();
    size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        state.add(whole_word(at));
    }
    state.add(part_of_word(at, left) | uint64_t{bytes.size()} << 56);
    return state.finish();
}

} // namespace ws_pubsub
