// Cursors as clients write them.
#include "base/cursor.hpp"
#include "proto/stream_start.hpp"
#include "support/asserts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

void test_text(void** /*state*/)
{
    const Cursor cursor{36, 7};
    assert_text(cursor_text(cursor), "10.7");
    assert_true(parse_cursor("10.7") == cursor);
    const Cursor large{UINT64_MAX, UINT64_MAX};
    assert_true(parse_cursor(cursor_text(large)) == large);
}

void test_no_cursors(void** /*state*/)
{
    for (const char* text :
         {"", ".", "a", "a.", ".1", "0.1", "a.b", "a.1.2", "a.-1", "a.+1",
          "a. 1", " a.1", "a.1 ", "a.99999999999999999999", "é.1",
          "zzzzzzzzzzzzzz.1"}) {
        assert_false(parse_cursor(text).has_value());
    }
}

void test_since(void** /*state*/)
{
    assert_true(parse_since("new")->from.kind == ReadFrom::Kind::nothing);
    const auto last = parse_since("last:5");
    assert_true(last->from.kind == ReadFrom::Kind::last);
    assert_int_equal(last->from.last, 5);
    assert_int_equal(parse_since("last:99999999999")->from.last, UINT32_MAX);
    assert_true(parse_since("a.3")->since == (Cursor{10, 3}));
    for (const char* text : {"", "News", "last:", "last:x", "last:-1", "5"}) {
        assert_false(parse_since(text).has_value());
    }
}

// A browser never comes back after an error: what it sends is never one.
void test_last_event_id(void** /*state*/)
{
    assert_true(parse_last_event_id("a.3").since == (Cursor{10, 3}));
    for (const char* text : {"new", "42", "\xff", "last:3"}) {
        assert_true(parse_last_event_id(text).since == Cursor{});
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_no_cursors),
        cmocka_unit_test(test_since),
        cmocka_unit_test(test_last_event_id),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
