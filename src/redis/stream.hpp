// A log as a stream of Redis: ids and entries as its replies say them.
//
// An entry is one field, whose name is the format of what it has. Others may
// have written to the stream, too.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/log.hpp"
#include "log/log_id.hpp"
#include "redis/reply.hpp"

namespace ws_pubsub::redis {

// The name of an entry's field.
inline constexpr std::string_view kFormatField = "1";

// An entry of a reply to XRANGE or XREAD; it lives as long as that. nullopt: it
// is none.
std::optional<LogRecord> read_record(const Reply& entry);

// Entries that stay when their reply has gone.
class Records {
public:
    // Those of a reply to XREAD, of one stream, in place of those before.
    // False: it is no such reply.
    bool take(const Reply& reply);
    void clear();
    [[nodiscard]] std::span<const LogRecord> view() const { return records_; }
    [[nodiscard]] size_t bytes() const { return text_.size(); }

private:
    std::string text_; // of all, one behind the other
    std::vector<LogRecord> records_;
};

} // namespace ws_pubsub::redis
