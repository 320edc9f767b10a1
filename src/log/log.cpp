#include "log/log.hpp"

#include "log/entry.hpp"

namespace ws_pubsub {

bool is_entry(const LogRecord* record, uint64_t nonce)
{
    if (record == nullptr || record->kind != LogRecord::Kind::entry) {
        return false;
    }
    const auto entry = decode_entry(record->bytes);
    return entry && entry->head.nonce == nonce;
}

} // namespace ws_pubsub
