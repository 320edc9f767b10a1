#include "log/snapshot_store.hpp"

#include "log/entry.hpp"

namespace ws_pubsub {

bool StoredSnapshot::is_at(const LogRecord* record) const
{
    if (record == nullptr || record->kind != LogRecord::Kind::entry) {
        return false;
    }
    const auto entry = decode_entry(record->bytes);
    return entry && entry->head.nonce == nonce;
}

} // namespace ws_pubsub
