// What a server sends that may be no Redis: however it is cut, the same replies
// come, none is larger than the limits, and each command ends exactly once. And
// what a log makes of them is no more than what they have.
//
// Input: a byte that chooses the cuts and the limits, then what the server
// sends.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "redis/ground.hpp"
#include "redis/pipeline.hpp"
#include "redis/replication.hpp"
#include "redis/snapshot_text.hpp"
#include "redis/stream.hpp"
#include "support/resp.hpp"

namespace ws_pubsub::redis {
namespace {

constexpr size_t kCommands = 64;

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

struct Size {
    size_t elements = 0;
    size_t bytes = 0;
};

void measure(const Reply& reply, size_t depth, const ReplyLimits& limits,
             Size& size)
{
    require(reply.text().size() <= limits.bulk_bytes ||
            reply.kind() != Kind::string);
    require(reply.kind() != Kind::array || depth < limits.depth);
    size.bytes += reply.text().size();
    size.elements += reply.size();
    for (size_t i = 0; i < reply.size(); i++) {
        measure(reply[i], depth + 1, limits, size);
    }
}

// Whatever was asked: as the replies to what a log asks.
void read_as_of_a_log(const Reply& reply)
{
    Records records;
    if (records.take(reply)) {
        require(records.view().size() <= reply[0][1].size());
        for (const LogRecord& record : records.view()) {
            require(read_id(id_text(record.id)) == record.id);
        }
    }
    Ground ground;
    for (size_t question = 0; question < 3; question++) {
        ground.take(question, reply);
    }
    read_replication(reply.text());
    const std::optional<Place> place = read_moved(reply.text(), {"a", 1, {}});
    require(!place || (place->port != 0 && !place->host.empty()));
    const SnapshotPair pair = read_snapshots(reply.text());
    const SnapshotPair again = read_snapshots(snapshot_text(pair));
    require(pair.newest.id == 0 || again.newest == pair.newest);
}

// All that came of it, as text.
struct Run {
    explicit Run(const ReplyLimits& limits) : limits(limits), pipeline(limits)
    {
        for (size_t i = 0; i < kCommands; i++) {
            pipeline.add({"GET", "x"}, 0, [this, i](const Ending& ending) {
                require(i == ended++);
                note(ending);
            });
        }
        while (!pipeline.outgoing().empty()) {
            pipeline.note_written(pipeline.outgoing().size());
        }
    }
    void note(const Ending& ending)
    {
        if (ending.reply) {
            Size size;
            measure(*ending.reply, 0, limits, size);
            require(size.bytes <= limits.reply_bytes &&
                    size.elements <= limits.elements);
            text += written(*ending.reply) + "\n";
            read_as_of_a_log(*ending.reply);
        }
    }
    void take(std::string_view input)
    {
        const std::vector<char> copy(input.begin(), input.end());
        is_good = pipeline.take({copy.data(), copy.size()}) && is_good;
    }
    void end()
    {
        pipeline.end("over");
        require(ended == kCommands && is_good == pipeline.fault().empty());
    }

    ReplyLimits limits;
    Pipeline pipeline;
    std::string text;
    size_t ended = 0;
    bool is_good = true;
};

void check(std::string_view input, uint8_t flags)
{
    ReplyLimits limits;
    if ((flags & 1) != 0) {
        limits = {16, 32, 8, 3};
    }
    Run whole(limits);
    whole.take(input);
    whole.end();

    Run cut(limits);
    uint32_t seed = flags;
    for (size_t at = 0; at < input.size();) {
        const size_t length =
            (flags >> 1) == 0 ? 1 : 1 + (seed >> 16) % (flags >> 1);
        cut.take(input.substr(at, length));
        at += length;
        seed = seed * 1664525 + 1013904223;
    }
    cut.end();
    require(whole.text == cut.text && whole.is_good == cut.is_good);
}

} // namespace
} // namespace ws_pubsub::redis

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (size > 0) {
        ws_pubsub::redis::check(
            {reinterpret_cast<const char*>(data) + 1, size - 1}, data[0]);
    }
    return 0;
}
