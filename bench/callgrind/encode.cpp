// Messages into frames: once for each worker and encoding, not for each
// session.
#include <string>

#include "callgrind/script.hpp"
#include "callgrind/zone.hpp"
#include "load/payload.hpp"
#include "proto/dialects.hpp"
#include "wire/frame_writer.hpp"

namespace ws_bench {

namespace {

class Encode final : public Job {
public:
    Encode(ws_pubsub::Encoding encoding, size_t messages, size_t bytes)
        : encoding_(encoding)
    {
        Payload payload(bytes, bytes > 100);
        zone_.policies.add(*ws_pubsub::Selector::parse("**"), {true, 100});
        for (size_t i = 0; i < messages; i++) {
            zone_.publish(kTopic, payload.stamped({i, 0}));
        }
        ws_pubsub::ReadFrom all;
        all.kind = ws_pubsub::ReadFrom::Kind::last;
        all.last = static_cast<uint32_t>(messages);
        zone_.store.topics.read(kTopic, all, {}, batch_);
    }
    void run() override
    {
        dialects_.encoder.messages(encoding_, kTopic, batch_, 0, batch_.size());
    }

private:
    static constexpr std::string_view kTopic = "prices/fx/EURUSD";

    ws_pubsub::Encoding encoding_;
    Zone zone_;
    ws_pubsub::Batch batch_;
    ws_pubsub::FrameWriter writer_;
    ws_pubsub::Dialects dialects_{writer_};
};

constexpr ws_pubsub::Encoding kPlain{ws_pubsub::kPlainDialect};
constexpr ws_pubsub::Encoding kDeflated{ws_pubsub::kPlainDialect, true};
constexpr ws_pubsub::Encoding kJson{ws_pubsub::kJsonDialect};

} // namespace

std::vector<Script> encode_scripts()
{
    return {
        {"encode plain, 64 B",
         "the frame's header, a copy of the payload, and one block for both",
         1000, 1, make_job<Encode, kPlain, 1, 64>},
        {"encode plain, 64 B, a message of 16",
         "as above, with one block for all 16", 1000, 16,
         make_job<Encode, kPlain, 16, 64>},
        {"encode json, 64 B",
         "the topic and the payload as JSON strings, looked at for characters "
         "to escape, then as plain",
         1000, 1, make_job<Encode, kJson, 1, 64>},
        {"encode plain deflated, 1 KiB of JSON", "zlib, once for all sessions",
         100, 1, make_job<Encode, kDeflated, 1, 1024>},
    };
}

} // namespace ws_bench
