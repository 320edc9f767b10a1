// Events of EventSource, and lines.
#include <string>

#include "support/asserts.hpp"
#include "wire/stream_framing.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using Kind = Framing::Kind;

std::string text_of(const FrameRef& frame)
{
    return {frame->data(), frame->size()};
}

std::string event(std::string_view words, Kind kind = Kind::text)
{
    EventFraming framing;
    return text_of(framing.make(kind, words, false));
}

void test_each_line_is_one_of_data(void** /*state*/)
{
    assert_text(event("a"), "data: a\n\n");
    assert_text(event(""), "data: \n\n");
    assert_text(event("a\nb"), "data: a\ndata: b\n\n");
    assert_text(event("a\r\nb\rc"), "data: a\ndata: b\ndata: c\n\n");
    assert_text(event("\n\r\nx\r\r\n\n"),
                "data: \ndata: \ndata: x\ndata: \ndata: \ndata: \n\n");
    assert_text(event("\n\n"), "data: \ndata: \ndata: \n\n");
    assert_text(event("id: x\n\nevent: y"),
                "data: id: x\ndata: \ndata: event: y\n\n");
    assert_text(event(" \xc3\xa9"), "data:  \xc3\xa9\n\n");
}

void test_binary(void** /*state*/)
{
    assert_text(event(std::string("\0\n\xff", 3), Kind::binary),
                "event: b64\ndata: AAr/\n\n");
}

void test_names_and_cursors(void** /*state*/)
{
    EventFraming framing;
    framing.begin();
    framing.set_event("gap");
    framing.add(Kind::text, "a", false);
    framing.set_cursor({10, 3});
    framing.add(Kind::text, "b", false);
    framing.add(Kind::text, "c", false);
    const FrameRef frame = framing.take(3);
    assert_text(text_of(frame), "event: gap\ndata: a\n\n"
                                "data: b\nid: a.3\n\ndata: c\n\n");
    assert_false(frame->is_open());
    assert_int_equal(frame->messages(), 3);
}

void test_open_frames(void** /*state*/)
{
    EventFraming framing;
    framing.begin();
    framing.leave_open();
    framing.add(Kind::text, "a", false);
    framing.add(Kind::text, "b", false);
    const FrameRef frame = framing.take(2);
    assert_text(text_of(frame), "data: a\n\ndata: b\n");
    assert_true(frame->is_open());
    std::string end;
    framing.append_end(end, std::nullopt);
    assert_text(end, "\n");
    framing.append_end(end, Cursor{10, 3});
    assert_text(end, "\nid: a.3\n\n");
    // The next one is as usual.
    assert_text(text_of(framing.make(Kind::text, "c", false)), "data: c\n\n");
}

void test_a_frame_that_was_not_taken(void** /*state*/)
{
    EventFraming framing;
    framing.begin();
    framing.add(Kind::text, "a", false);
    assert_text(text_of(framing.make(Kind::text, "b", false)), "data: b\n\n");
}

void test_lines(void** /*state*/)
{
    LineFraming framing;
    framing.begin();
    framing.set_event("gap");
    framing.add(Kind::text, R"({"a":1})", false);
    framing.set_cursor({10, 3});
    framing.add(Kind::text, "{\"a\":\r\n[]\n}", false);
    assert_text(text_of(framing.take(1)),
                "{\"a\":1}\n{\"a\":  [] ,\"cursor\":\"a.3\"}\n");
    framing.begin();
    framing.leave_open();
    framing.add(Kind::text, R"({"a":1})", false);
    std::string line = text_of(framing.take(1));
    framing.append_end(line, Cursor{10, 4});
    assert_text(line, "{\"a\":1,\"cursor\":\"a.4\"}\n");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_each_line_is_one_of_data),
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_names_and_cursors),
        cmocka_unit_test(test_open_frames),
        cmocka_unit_test(test_a_frame_that_was_not_taken),
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
