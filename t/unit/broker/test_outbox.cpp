// What waits for a socket: written in parts, merged, dropped.
#include <string>

#include "broker/outbox.hpp"
#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

void push(Outbox& outbox, std::string_view bytes, uint32_t messages = 1)
{
    outbox.push(FrameRef::make(bytes, messages));
}

// What is still to be written.
std::string rest(const Outbox& outbox)
{
    std::string text;
    for (size_t i = 0; i < outbox.frames(); i++) {
        text.append(outbox[i].data(), outbox[i].size());
    }
    text.erase(0, outbox.front_offset());
    assert_int_equal(text.size(), outbox.bytes());
    assert_int_equal(outbox.empty(), text.empty());
    if (!outbox.empty()) {
        assert_text(outbox.front(),
                    text.substr(0, outbox[0].size() - outbox.front_offset()));
    }
    return text;
}

void test_consume(void** state)
{
    Outbox& outbox = state_of<Outbox>(state);
    assert_text(rest(outbox), "");
    push(outbox, "abc");
    push(outbox, "defg");
    push(outbox, "h");
    outbox.consume(0);
    assert_text(rest(outbox), "abcdefgh");
    outbox.consume(2);
    assert_int_equal(outbox.front_offset(), 2);
    assert_text(rest(outbox), "cdefgh");
    outbox.consume(1); // the end of a frame
    assert_int_equal(outbox.front_offset(), 0);
    assert_int_equal(outbox.frames(), 2);
    outbox.consume(4);
    push(outbox, "ij");
    assert_text(rest(outbox), "hij");
    outbox.consume(2); // over a border
    assert_text(rest(outbox), "j");
    outbox.consume(1);
    assert_text(rest(outbox), "");
    push(outbox, "k");
    assert_text(rest(outbox), "k");
}

void test_consume_parts_of_any_size(void** /*state*/)
{
    for (size_t step = 1; step < 12; step++) {
        Outbox outbox;
        std::string expected;
        for (int i = 0; i < 60; i++) {
            const std::string bytes(static_cast<size_t>(1 + i % 7),
                                    static_cast<char>('a' + i % 26));
            push(outbox, bytes);
            expected += bytes;
            // Never quite caught up.
            const size_t written = std::min(step, outbox.bytes() - 1);
            outbox.consume(written);
            expected.erase(0, written);
            assert_text(rest(outbox), expected);
        }
    }
}

void test_replace_front(void** state)
{
    Outbox& outbox = state_of<Outbox>(state);
    for (const char* bytes : {"x", "ab", "cd", "ef"}) {
        push(outbox, bytes);
    }
    outbox.consume(1);
    outbox.replace_front(2, FrameRef::make("abcd", 2));
    assert_int_equal(outbox.frames(), 2);
    assert_text(rest(outbox), "abcdef");
    outbox.consume(3);
    assert_text(rest(outbox), "def");
    assert_int_equal(outbox.drop_unwritten(false), 1);
    assert_text(rest(outbox), "d");
}

void test_drop_unwritten(void** state)
{
    Outbox& outbox = state_of<Outbox>(state);
    assert_int_equal(outbox.drop_unwritten(false), 0);
    push(outbox, "ab", 3);
    push(outbox, "cd", 4);
    push(outbox, "ef", 0);
    assert_int_equal(outbox.drop_unwritten(false), 7);
    assert_text(rest(outbox), "");
    push(outbox, "gh");
    assert_text(rest(outbox), "gh");
}

// A frame of which the peer has a part must be finished.
void test_drop_behind_a_part(void** state)
{
    Outbox& outbox = state_of<Outbox>(state);
    push(outbox, "ab", 3);
    push(outbox, "cd", 4);
    outbox.consume(1);
    assert_int_equal(outbox.drop_unwritten(false), 4);
    assert_text(rest(outbox), "b");
    assert_int_equal(outbox.drop_unwritten(true), 0);
    outbox.consume(1);
    assert_text(rest(outbox), "");
}

void test_drop_behind_a_pinned_frame(void** state)
{
    Outbox& outbox = state_of<Outbox>(state);
    push(outbox, "ab", 3);
    push(outbox, "cd", 4);
    assert_int_equal(outbox.drop_unwritten(true), 4);
    assert_text(rest(outbox), "ab");
}

void test_clear(void** state)
{
    Outbox& outbox = state_of<Outbox>(state);
    push(outbox, "ab");
    push(outbox, "cd");
    outbox.consume(1);
    outbox.clear();
    assert_text(rest(outbox), "");
    assert_int_equal(outbox.front_offset(), 0);
    push(outbox, "ef");
    assert_text(rest(outbox), "ef");
}

// What is written is let go of at once, not when all is.
void test_frames_are_released(void** state)
{
    Outbox& outbox = state_of<Outbox>(state);
    const std::string bytes(1000, 'x');
    const FrameRef shared = FrameRef::make(bytes, 1);
    for (int i = 0; i < 100; i++) {
        outbox.push(shared);
        push(outbox, bytes);
    }
    outbox.consume(150'000);
    assert_int_equal(outbox.frames(), 50);
    assert_ptr_equal(&outbox[0], &*shared);
    outbox.consume(50'000);
    assert_text(rest(outbox), "");
    assert_text({shared->data(), shared->size()}, bytes);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_consume, make_state<Outbox>,
                                        destroy_state<Outbox>),
        cmocka_unit_test_setup_teardown(test_consume_parts_of_any_size,
                                        make_state<Outbox>,
                                        destroy_state<Outbox>),
        cmocka_unit_test_setup_teardown(test_replace_front, make_state<Outbox>,
                                        destroy_state<Outbox>),
        cmocka_unit_test_setup_teardown(test_drop_unwritten, make_state<Outbox>,
                                        destroy_state<Outbox>),
        cmocka_unit_test_setup_teardown(
            test_drop_behind_a_part, make_state<Outbox>, destroy_state<Outbox>),
        cmocka_unit_test_setup_teardown(test_drop_behind_a_pinned_frame,
                                        make_state<Outbox>,
                                        destroy_state<Outbox>),
        cmocka_unit_test_setup_teardown(test_clear, make_state<Outbox>,
                                        destroy_state<Outbox>),
        cmocka_unit_test_setup_teardown(test_frames_are_released,
                                        make_state<Outbox>,
                                        destroy_state<Outbox>),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
