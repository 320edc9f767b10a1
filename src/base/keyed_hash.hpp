// A hash of what clients name: without the key nobody can tell which names
// share a bucket, or make many that do.
//
// SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF"), the
// variant that language runtimes use for their hash tables.
#pragma once

#include <cstdint>
#include <string_view>

namespace ws_pubsub {

struct HashKey {
    uint64_t first = 0;
    uint64_t second = 0;
};

// One that nobody can guess.
[[nodiscard]] HashKey random_hash_key();

[[nodiscard]] uint64_t keyed_hash(std::string_view bytes, const HashKey& key);

} // namespace ws_pubsub
