// Payloads in frames: lengths, compression, and what is shared.
#include <string>

#include "base/close_code.hpp"
#include "base/utf8.hpp"
#include "support/asserts.hpp"
#include "support/server_frames.hpp"
#include "support/zone.hpp"
#include "wire/frame_writer.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

std::vector<ServerFrame> frames_of(const FrameRef& frame)
{
    return parse_frames({frame->data(), frame->size()});
}

void test_every_length(void** state)
{
    auto& writer = state_of<FrameWriter>(state);
    for (const size_t size : {0, 1, 125, 126, 127, 65535, 65536, 100'000}) {
        const std::string payload(size, 'x');
        const FrameRef frame = writer.make(Opcode::binary, payload, false);
        const auto frames = frames_of(frame);
        assert_int_equal(frames.size(), 1);
        assert_true((frames[0] == ServerFrame{Opcode::binary, false, payload}));
        assert_int_equal(frame->messages(), 0);
    }
}

void test_several_as_one(void** state)
{
    auto& writer = state_of<FrameWriter>(state);
    writer.add(Opcode::text, "one", false);
    writer.add(Opcode::binary, "two", false);
    const FrameRef frame = writer.take(2);
    assert_int_equal(frame->messages(), 2);
    const auto frames = frames_of(frame);
    assert_int_equal(frames.size(), 2);
    assert_true((frames[0] == ServerFrame{Opcode::text, false, "one"}));
    assert_true((frames[1] == ServerFrame{Opcode::binary, false, "two"}));
    assert_false(bool(writer.take(0)));
}

// Somebody ran out of memory half way: nobody else gets his frames.
void test_what_was_not_taken(void** state)
{
    auto& writer = state_of<FrameWriter>(state);
    writer.add(Opcode::text, "secret", false);
    const auto frames = frames_of(writer.make(Opcode::text, "mine", false));
    assert_int_equal(frames.size(), 1);
    assert_true((frames[0] == ServerFrame{Opcode::text, false, "mine"}));
}

void test_compressed(void** state)
{
    auto& writer = state_of<FrameWriter>(state);
    const std::string payload(1000, 'x');
    const FrameRef frame = writer.make(Opcode::text, payload, true);
    assert_true(frame->size() < 100);
    const auto frames = frames_of(frame);
    assert_int_equal(frames.size(), 1);
    assert_true((frames[0] == ServerFrame{Opcode::text, true, payload}));
}

// Where it gains nothing, a frame of a compressing session goes as it is.
void test_not_worth_it(void** state)
{
    auto& writer = state_of<FrameWriter>(state);
    writer.add(Opcode::text, "short", true);
    writer.add(Opcode::text, std::string(500, 'x'), true);
    std::string all_bytes;
    for (int i = 0; i < 256; i++) {
        all_bytes += static_cast<char>(i);
    }
    writer.add(Opcode::binary, all_bytes, true);
    const auto frames = frames_of(writer.take(3));
    assert_int_equal(frames.size(), 3);
    assert_false(frames[0].compressed);
    assert_true(frames[1].compressed);
    assert_false(frames[2].compressed);
    assert_text(frames[0].payload, "short");
    assert_true(frames[2].payload == all_bytes);
}

void test_close(void** state)
{
    auto& writer = state_of<FrameWriter>(state);
    auto frames = frames_of(writer.make_close(kCloseTooSlow, "too slow"));
    assert_int_equal(frames.size(), 1);
    assert_true(
        (frames[0] == ServerFrame{Opcode::close, false, "\x0b\xc0too slow"}));
    // 1005 is never sent: it stands for a Close without a code.
    frames = frames_of(writer.make_close(kCloseNoStatus, "unseen"));
    assert_true((frames[0] == ServerFrame{Opcode::close, false, ""}));
}

// A reason is cut to what a control frame holds, and is UTF-8 still.
void test_long_reason(void** state)
{
    auto& writer = state_of<FrameWriter>(state);
    auto frames =
        frames_of(writer.make_close(kClosePolicy, std::string(200, 'x')));
    assert_int_equal(frames[0].payload.size(), kMaxControlPayload);
    for (const char* before : {"", "x", "xx", "xxx"}) {
        std::string reason = before;
        while (reason.size() < 200) {
            reason += "\xF0\x9F\x98\x80";
        }
        frames = frames_of(writer.make_close(kClosePolicy, reason));
        assert_true(frames[0].payload.size() <= kMaxControlPayload);
        assert_true(frames[0].payload.size() > kMaxControlPayload - 4);
        assert_true(is_utf8(frames[0].payload.substr(2)));
    }
}

void test_references(void** state)
{
    auto& writer = state_of<FrameWriter>(state);
    FrameRef first = writer.make(Opcode::text, "x", false);
    const Frame* frame = &*first;
    FrameRef second = first;
    assert_ptr_equal(&*second, frame);
    first = {};
    assert_false(bool(first));
    first = std::move(second);
    assert_ptr_equal(&*first, frame);
    const FrameRef& self = first;
    first = self;
    assert_text(frames_of(first)[0].payload, "x");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_length,
                                        make_state<FrameWriter>,
                                        destroy_state<FrameWriter>),
        cmocka_unit_test_setup_teardown(test_several_as_one,
                                        make_state<FrameWriter>,
                                        destroy_state<FrameWriter>),
        cmocka_unit_test_setup_teardown(test_what_was_not_taken,
                                        make_state<FrameWriter>,
                                        destroy_state<FrameWriter>),
        cmocka_unit_test_setup_teardown(test_compressed,
                                        make_state<FrameWriter>,
                                        destroy_state<FrameWriter>),
        cmocka_unit_test_setup_teardown(test_not_worth_it,
                                        make_state<FrameWriter>,
                                        destroy_state<FrameWriter>),
        cmocka_unit_test_setup_teardown(test_close, make_state<FrameWriter>,
                                        destroy_state<FrameWriter>),
        cmocka_unit_test_setup_teardown(test_long_reason,
                                        make_state<FrameWriter>,
                                        destroy_state<FrameWriter>),
        cmocka_unit_test_setup_teardown(test_references,
                                        make_state<FrameWriter>,
                                        destroy_state<FrameWriter>),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
