// Which end a session comes to, and when it may.
#include <initializer_list>

#include "ws/closing.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr uint16_t kCode = 3005;
constexpr uint16_t kAbnormal = 1006;

Closing opened()
{
    Closing closing;
    closing.open();
    return closing;
}

Closing begun()
{
    Closing closing = opened();
    closing.begin(kCode);
    return closing;
}

// Whatever is written and read.
void expect_never_over(const Closing& closing)
{
    for (const bool written : {false, true}) {
        for (const bool unread : {false, true}) {
            assert_false(closing.is_over(written, unread));
        }
    }
}

void test_states(void** /*state*/)
{
    Closing closing;
    assert_false(closing.is_open());
    closing.open();
    assert_true(closing.is_open());
    assert_int_equal(closing.code(), 0);
    closing.begin(kCode);
    assert_false(closing.is_open());
    assert_true(closing.is_closing());
    assert_int_equal(closing.code(), kCode);
    closing.finish();
    assert_false(closing.is_closing());
    assert_true(closing.is_finished());
    assert_int_equal(closing.code(), kCode);
}

void test_end_without_close(void** /*state*/)
{
    Closing closing = opened();
    closing.finish();
    assert_true(closing.is_finished());
    assert_int_equal(closing.code(), kAbnormal);
}

// Its peer never knew of it: there was nothing to close.
void test_abandoned(void** /*state*/)
{
    Closing closing = opened();
    closing.abandon();
    assert_true(closing.is_finished());
    assert_int_equal(closing.code(), 0);
}

void test_open_goes_on(void** /*state*/)
{
    expect_never_over(opened());
    assert_false(opened().wants_half_close(true));
}

void test_waits_for_the_peers_close(void** /*state*/)
{
    Closing closing = begun();
    expect_never_over(closing);
    assert_false(closing.wants_half_close(true));
    closing.note_peer_close();
    assert_false(closing.is_over(false, false));
    assert_true(closing.is_over(true, false));
    assert_true(closing.is_over(true, true));
    assert_false(closing.wants_half_close(true));
}

// One that has hung up before its own Close is not waited for.
void test_hung_up_while_closing(void** /*state*/)
{
    Closing closing = begun();
    closing.note_input_end();
    assert_false(closing.is_over(false, false));
    assert_true(closing.is_over(true, false));
}

// What the peer sent before it shut its side is done first.
void test_input_ends_while_open(void** /*state*/)
{
    Closing closing = opened();
    closing.note_input_end();
    assert_true(closing.has_input_ended());
    assert_false(closing.is_over(true, true));
    assert_true(closing.is_over(false, false));
    assert_true(closing.is_over(true, false));
}

void test_broken(void** /*state*/)
{
    Closing closing = opened();
    assert_true(closing.may_half_close());
    closing.note_break();
    assert_true(closing.is_broken());
    assert_true(closing.is_over(false, true));
    assert_false(closing.may_half_close());
}

// A peer that is not understood is told, and then waited for.
void test_violation(void** /*state*/)
{
    Closing closing = opened();
    closing.note_violation();
    assert_false(closing.wants_half_close(true)); // not before the Close
    closing.begin(kCode);
    assert_false(closing.wants_half_close(false));
    assert_true(closing.wants_half_close(true));
    closing.note_half_close();
    assert_false(closing.wants_half_close(true));
    assert_false(closing.may_half_close());
    expect_never_over(closing);
    closing.note_input_end();
    assert_true(closing.is_over(true, false));
}

void test_violation_of_who_has_left(void** /*state*/)
{
    for (const auto leave : {&Closing::note_peer_close,
                             &Closing::note_input_end, &Closing::note_break}) {
        Closing closing = begun();
        closing.note_violation();
        (closing.*leave)();
        assert_false(closing.wants_half_close(true));
        assert_true(closing.is_over(true, false));
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_end_without_close),
        cmocka_unit_test(test_abandoned),
        cmocka_unit_test(test_open_goes_on),
        cmocka_unit_test(test_waits_for_the_peers_close),
        cmocka_unit_test(test_hung_up_while_closing),
        cmocka_unit_test(test_input_ends_while_open),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_violation),
        cmocka_unit_test(test_violation_of_who_has_left),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
