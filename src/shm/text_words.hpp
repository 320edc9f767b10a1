// A text that is written a word at a time, as a Transaction writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "shm/transaction.hpp"

namespace ws_pubsub {

// As much of it as there is room for; `bytes`: how long that is.
template <size_t N>
void set_text(Transaction& tx, uint64_t (&words)[N], uint64_t& bytes,
              std::string_view text)
{
    text = text.substr(0, sizeof(words));
    tx.set(bytes, text.size());
    for (size_t at = 0; at < text.size(); at += sizeof(uint64_t)) {
        uint64_t word = 0;
        const std::string_view piece = text.substr(at, sizeof(word));
        std::memcpy(&word, piece.data(), piece.size());
        tx.set(words[at / sizeof(word)], word);
    }
}

} // namespace ws_pubsub
