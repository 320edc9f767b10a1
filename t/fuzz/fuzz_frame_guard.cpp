// FrameGuard: however the input is cut, the events are the same, and until a
// Close or a violation every byte is passed on, handed out or withheld.
//
// Input: a byte of flags (bit 0: deflate; the others choose the cuts), two
// bytes of max_message, then what the client sends.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "ws/frame_guard.hpp"

namespace ws_pubsub {
namespace {

using Kind = FrameGuard::Kind;

constexpr size_t kControlHeader = 6;
constexpr size_t kMostWithheld = 131; // a control frame but for its end

struct Step {
    Kind kind;
    std::string bytes;
    uint16_t code;

    bool operator==(const Step&) const = default;
};

struct Run {
    std::vector<Step> steps;
    size_t used = 0; // bytes passed on, and those of control frames
    bool ended = false;
};

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

void note(const FrameGuard::Event& event, Run& run)
{
    require(!run.ended);
    if (event.kind == Kind::data) {
        require(!event.bytes.empty());
        run.used += event.bytes.size();
        if (!run.steps.empty() && run.steps.back().kind == Kind::data) {
            run.steps.back().bytes += event.bytes;
            return;
        }
    } else if (event.kind == Kind::ping || event.kind == Kind::pong) {
        require(event.bytes.size() <= kMaxControlPayload);
        run.used += kControlHeader + event.bytes.size();
    } else {
        require(event.code >= 1000);
        run.ended = true;
    }
    std::string text(event.bytes);
    text += event.reason;
    run.steps.push_back({event.kind, std::move(text), event.code});
}

void feed(FrameGuard& guard, std::string_view input, Run& run)
{
    const std::vector<char> copy(input.begin(), input.end());
    std::string_view rest(copy.data(), copy.size());
    while (true) {
        const FrameGuard::Event event = guard.next(rest);
        if (event.kind == Kind::need_more) {
            require(rest.empty());
            return;
        }
        note(event, run);
    }
}

} // namespace
} // namespace ws_pubsub

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using namespace ws_pubsub;
    if (size < 3) {
        return 0;
    }
    GuardLimits limits;
    limits.deflate = (data[0] & 1) != 0;
    limits.max_message = static_cast<size_t>(data[1]) << 8 | data[2];
    const std::string_view input(reinterpret_cast<const char*>(data) + 3,
                                 size - 3);
    Run whole;
    FrameGuard one(limits);
    feed(one, input, whole);

    Run cut;
    FrameGuard two(limits);
    uint32_t seed = data[0];
    for (size_t at = 0; at < input.size();) {
        const size_t length = (data[0] >> 1) == 0 ? 1 : 1 + (seed >> 16) % 32;
        feed(two, input.substr(at, length), cut);
        at += length;
        seed = seed * 1664525 + 1013904223;
    }

    require(whole.steps == cut.steps);
    require(whole.used == cut.used && whole.ended == cut.ended);
    require(whole.used <= input.size());
    require(whole.ended || input.size() - whole.used < kMostWithheld);
    std::string passed;
    for (const Step& step : whole.steps) {
        passed += step.kind == Kind::data ? step.bytes : "";
    }
    require(whole.steps.size() > 1 || input.starts_with(passed));
    return 0;
}
