// Who is pinged, and who is given up. The first number is the time in ms.
#include "ws/keepalive.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using Action = Keepalive::Action;

constexpr int64_t kIntervalMs = 100;
constexpr int64_t kTimeoutMs = 30;

void expect(const Keepalive::Due& due, Action action, int64_t again_ms)
{
    assert_int_equal(due.action, action);
    assert_int_equal(due.again_ms, again_ms);
}

Keepalive pinged(const StreamEnds& ends)
{
    Keepalive keepalive(kIntervalMs, kTimeoutMs, 1000);
    expect(keepalive.due(1100, ends), Action::ping, kTimeoutMs);
    return keepalive;
}

void test_silence(void** /*state*/)
{
    Keepalive keepalive(kIntervalMs, kTimeoutMs, 1000);
    keepalive.heard(1060);
    expect(keepalive.due(1100, {}), Action::wait, 60);
    expect(keepalive.due(1160, {}), Action::ping, kTimeoutMs);
    expect(keepalive.due(1190, {}), Action::give_up, 0);
}

void test_answer(void** /*state*/)
{
    Keepalive keepalive = pinged({});
    keepalive.heard(1120);
    expect(keepalive.due(1130, {}), Action::wait, 90);
    expect(keepalive.due(1220, {}), Action::ping, kTimeoutMs);
}

// That its kernel takes the ping says nothing of whoever should answer it.
void test_taking_the_ping_is_no_answer(void** /*state*/)
{
    Keepalive keepalive = pinged({500, 100});
    expect(keepalive.due(1130, {502, 502}), Action::give_up, 0);
}

void test_slow_reader(void** /*state*/)
{
    Keepalive keepalive = pinged({100'000, 10'000});
    expect(keepalive.due(1130, {100'002, 40'000}), Action::wait, kTimeoutMs);
    expect(keepalive.due(1160, {150'000, 70'000}), Action::wait, kTimeoutMs);
    // It has got the ping, and so much time again to answer it.
    expect(keepalive.due(1190, {150'000, 100'002}), Action::wait, kTimeoutMs);
    expect(keepalive.due(1220, {150'000, 130'000}), Action::give_up, 0);
}

void test_reader_that_stops(void** /*state*/)
{
    Keepalive keepalive = pinged({100'000, 10'000});
    expect(keepalive.due(1130, {100'002, 40'000}), Action::wait, kTimeoutMs);
    expect(keepalive.due(1160, {150'000, 40'000}), Action::give_up, 0);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_taking_the_ping_is_no_answer),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_reader_that_stops),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
