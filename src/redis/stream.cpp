#include "redis/stream.hpp"

namespace ws_pubsub::redis {

namespace {

// What the text of records that have gone keeps for others.
constexpr size_t kKeptBytes = 4UL * 1024 * 1024;

bool is_newer_format(std::string_view field)
{
    return field.size() == 1 && field[0] >= '2' && field[0] <= '9';
}

} // namespace

std::optional<LogRecord> read_record(const Reply& entry)
{
    const std::optional<LogId> id = parse_log_id(entry[0].text());
    if (!id || entry[1].kind() != Kind::array) {
        return std::nullopt;
    }
    LogRecord record{*id, LogRecord::Kind::foreign, {}};
    const Reply fields = entry[1];
    for (size_t i = 0; i + 1 < fields.size(); i += 2) {
        const std::string_view name = fields[i].text();
        if (name == kFormatField) {
            record.kind = LogRecord::Kind::entry;
            record.bytes = fields[i + 1].text();
            break;
        }
        if (is_newer_format(name)) {
            record.kind = LogRecord::Kind::newer;
            record.format = static_cast<unsigned>(name[0] - '0');
        }
    }
    return record;
}

void Records::clear()
{
    records_.clear();
    text_.clear();
    if (text_.capacity() > kKeptBytes) {
        text_ = {};
    }
}

bool Records::take(const Reply& reply)
{
    clear();
    if (reply.kind() == Kind::nil) {
        return true;
    }
    const Reply entries = reply[0][1];
    if (reply.size() != 1 || entries.kind() != Kind::array) {
        return false;
    }
    size_t bytes = 0;
    records_.reserve(entries.size());
    for (size_t i = 0; i < entries.size(); i++) {
        const std::optional<LogRecord> record = read_record(entries[i]);
        if (!record) {
            clear();
            return false;
        }
        bytes += record->bytes.size();
        records_.push_back(*record);
    }
    text_.reserve(bytes); // so that what was appended stays in its place
    for (LogRecord& record : records_) {
        const size_t begin = text_.size();
        text_ += record.bytes;
        record.bytes = std::string_view(text_).substr(begin);
    }
    return true;
}

} // namespace ws_pubsub::redis
