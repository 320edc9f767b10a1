// Fossil deltas: how one text becomes another, in few bytes.
//
//   <length of the target>\n  then commands, then  <checksum>;
//   <n>@<offset>,   copies n bytes of the base, from the offset on
//   <n>:<bytes>     inserts n bytes
//
// Numbers are in base 64 with the digits 0-9A-Z_a-z~. The checksum is the sum
// of the target's bytes as big-endian words of 32 bits. (The format is that of
// the Fossil version control system, "The Fossil Delta Format".)
//
// Bytes are only copied or inserted in whole UTF-8 sequences, so that a delta
// between two texts is a text, too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ws_pubsub {

// Thread safety: none; keeps its memory for the next delta.
class DeltaWriter {
public:
    // Appends the delta from `base` to `target`. Time: linear in the sizes
    // but for many repetitions, of which only some are looked at.
    // REQUIRES: both are UTF-8 and smaller than 4 GiB.
    void append(std::string& out, std::string_view base,
                std::string_view target);

private:
    struct Match {
        size_t base = 0;
        size_t target = 0;
        size_t size = 0;
    };

    void index(std::string_view base);
    [[nodiscard]] Match find(std::string_view base, std::string_view target,
                             size_t from, size_t at, size_t guess) const;

    std::vector<uint32_t> heads_;  // by hash: block number + 1
    std::vector<uint32_t> chains_; // by block: the one before of that hash
    unsigned shift_ = 0;           // of a hash, to get an index of heads_
};

} // namespace ws_pubsub
