#include "redis/ground.hpp"

#include <initializer_list>

#include "redis/snapshot_text.hpp"
#include "redis/stream.hpp"

namespace ws_pubsub::redis {

namespace {

enum Question : uint8_t { genesis, log, snapshots };

constexpr std::string_view kOtherType =
    "something of another type than the log's is there";

bool is_foreign(const Reply& entry)
{
    const std::optional<LogRecord> record = read_record(entry);
    return record && record->kind == LogRecord::Kind::foreign;
}

} // namespace

LogId later(const LogId& one, const LogId& other)
{
    return one <= other ? other : one;
}

std::vector<Words> Ground::questions(const LogKeys& keys)
{
    return {{"GET", keys.genesis},
            {"XINFO", "STREAM", keys.log},
            {"GET", keys.snap}};
}

std::string Ground::take(size_t question, const Reply& reply)
{
    const std::string_view error = reply.error();
    if (error.starts_with("WRONGTYPE ")) {
        what_.foreign = kOtherType;
        return {};
    }
    if (!error.empty()) {
        const bool is_none =
            question == log && error.find("no such key") != error.npos;
        return is_none ? std::string() : std::string(error);
    }
    if (question == genesis) {
        take_genesis(reply);
    } else if (question == log) {
        take_log(reply);
    } else {
        const SnapshotPair pair = read_snapshots(reply.text());
        what_.newest = pair.newest;
        what_.previous = pair.previous;
    }
    return {};
}

void Ground::take_genesis(const Reply& reply)
{
    if (reply.kind() != Kind::nil) {
        what_.genesis = parse_log_id(reply.text());
        if (!what_.genesis) {
            what_.foreign = "what should be the id of the log's first entry is "
                            "something else";
        }
    }
}

void Ground::take_log(const Reply& info)
{
    bool has_foreign = false;
    for (size_t i = 0; i + 1 < info.size(); i += 2) {
        const std::string_view name = info[i].text();
        if (name == "last-generated-id") {
            last_ = parse_log_id(info[i + 1].text()).value_or(LogId{});
        } else if (name == "first-entry" || name == "last-entry") {
            has_foreign = has_foreign || is_foreign(info[i + 1]);
        }
    }
    what_.has_log = true;
    if (has_foreign && !what_.genesis && what_.foreign.empty()) {
        what_.foreign = "a stream of somebody else is there";
    }
}

LogId Ground::last() const
{
    LogId last = later(last_, what_.genesis.value_or(LogId{}));
    for (const StoredSnapshot& one : {what_.newest, what_.previous}) {
        last = later(last, one.position);
    }
    return last;
}

} // namespace ws_pubsub::redis
