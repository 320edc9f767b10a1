// What comes from a client, before it means anything.
#include <cstdlib>
#include <string>

#include "callgrind/script.hpp"
#include "proto/command.hpp"
#include "shared/frame.hpp"
#include "ws/frame_guard.hpp"

namespace ws_bench {

namespace {

class Guard final : public Job {
public:
    Guard() : guard_({})
    {
        append_client_frame(frame_, Opcode::text, std::string(64, 'x'));
    }
    void run() override
    {
        std::string_view input = frame_;
        while (guard_.next(input).kind !=
               ws_pubsub::FrameGuard::Kind::need_more) {
        }
    }

private:
    ws_pubsub::FrameGuard guard_;
    std::string frame_;
};

class ReadCommand final : public Job {
public:
    void run() override
    {
        ws_pubsub::CommandReader reader(
            R"({"id":3,"op":"pub","topic":"prices/fx/EURUSD",)"
            R"("data":{"bid":1.0831,"ask":1.0832}})");
        if (reader.next() != ws_pubsub::CommandReader::Kind::command) {
            std::abort();
        }
    }
};

} // namespace

std::vector<Script> receive_scripts()
{
    return {
        {"frame guard, a frame of 64 B",
         "looks at each byte of the header once, and at no payload", 1000, 1,
         make_job<Guard>},
        {"command, a pub of 30 B of JSON",
         "jansson makes a tree of the command; its data is looked up in the "
         "text",
         1000, 1, make_job<ReadCommand>},
    };
}

} // namespace ws_bench
