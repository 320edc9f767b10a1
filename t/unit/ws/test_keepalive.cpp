// Who is pinged, and who is given up. The first number is the time in ms.
#include "ws/keepalive.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using Action = Keepalive::Action;

constexpr int64_t kIntervalMs = 100;
constexpr int64_t kTimeoutMs = 30;
constexpr KeepaliveTimes kTimes{kIntervalMs, kTimeoutMs};

void expect(const Keepalive::Due& due, Action action, int64_t again_ms)
{
    assert_int_equal(due.action, action);
    assert_int_equal(due.again_ms, again_ms);
}

Keepalive pinged(const StreamEnds& ends)
{
    Keepalive keepalive(1000);
    expect(keepalive.due(kTimes, 1100, ends, false), Action::ping, kTimeoutMs);
    return keepalive;
}

void test_silence(void** /*state*/)
{
    Keepalive keepalive(1000);
    keepalive.heard(1060);
    expect(keepalive.due(kTimes, 1100, {}, false), Action::wait, 60);
    expect(keepalive.due(kTimes, 1160, {}, false), Action::ping, kTimeoutMs);
    expect(keepalive.due(kTimes, 1190, {}, false), Action::give_up, 0);
}

void test_answer(void** /*state*/)
{
    Keepalive keepalive = pinged({});
    keepalive.heard(1120);
    expect(keepalive.due(kTimes, 1130, {}, false), Action::wait, 90);
    expect(keepalive.due(kTimes, 1220, {}, false), Action::ping, kTimeoutMs);
}

// That its kernel takes the ping says nothing of whoever should answer it.
void test_taking_the_ping_is_no_answer(void** /*state*/)
{
    Keepalive keepalive = pinged({500, 100});
    expect(keepalive.due(kTimes, 1130, {502, 502}, false), Action::give_up, 0);
}

void test_slow_reader(void** /*state*/)
{
    Keepalive keepalive = pinged({100'000, 10'000});
    expect(keepalive.due(kTimes, 1130, {100'002, 40'000}, false), Action::wait,
           kTimeoutMs);
    expect(keepalive.due(kTimes, 1160, {150'000, 70'000}, false), Action::wait,
           kTimeoutMs);
    // It has got the ping, and so much time again to answer it.
    expect(keepalive.due(kTimes, 1190, {150'000, 100'002}, false), Action::wait,
           kTimeoutMs);
    expect(keepalive.due(kTimes, 1220, {150'000, 130'000}, false),
           Action::give_up, 0);
}

void test_reader_that_stops(void** /*state*/)
{
    Keepalive keepalive = pinged({100'000, 10'000});
    expect(keepalive.due(kTimes, 1130, {100'002, 40'000}, false), Action::wait,
           kTimeoutMs);
    expect(keepalive.due(kTimes, 1160, {150'000, 40'000}, false),
           Action::give_up, 0);
}

// While what it has sent is not read, nobody knows whether it answers.
void test_input_that_waits(void** /*state*/)
{
    Keepalive keepalive(1000);
    expect(keepalive.due(kTimes, 1100, {}, true), Action::wait, kIntervalMs);
    expect(keepalive.due(kTimes, 1200, {}, true), Action::wait, kIntervalMs);
    // It was read, and nothing comes any more.
    expect(keepalive.due(kTimes, 1300, {}, false), Action::ping, kTimeoutMs);
    expect(keepalive.due(kTimes, 1330, {}, false), Action::give_up, 0);
}

void test_pong_that_waits(void** /*state*/)
{
    Keepalive keepalive = pinged({100, 100});
    expect(keepalive.due(kTimes, 1130, {102, 102}, true), Action::wait,
           kIntervalMs);
    expect(keepalive.due(kTimes, 1230, {102, 102}, false), Action::ping,
           kTimeoutMs);
}

// It sends, and reads nothing: whatever waits for it waits for ever.
void test_input_of_a_reader_that_stops(void** /*state*/)
{
    Keepalive keepalive(1000);
    expect(keepalive.due(kTimes, 1100, {90'000, 20'000}, true), Action::wait,
           kIntervalMs);
    expect(keepalive.due(kTimes, 1200, {99'000, 20'000}, true), Action::ping,
           kTimeoutMs);
    expect(keepalive.due(kTimes, 1230, {99'002, 20'000}, true), Action::give_up,
           0);
}

void test_asked_too_early(void** /*state*/)
{
    Keepalive keepalive = pinged({});
    expect(keepalive.due(kTimes, 1110, {}, false), Action::wait, 20);
    expect(keepalive.due(kTimes, 1130, {}, false), Action::give_up, 0);
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
        cmocka_unit_test(test_input_that_waits),
        cmocka_unit_test(test_pong_that_waits),
        cmocka_unit_test(test_input_of_a_reader_that_stops),
        cmocka_unit_test(test_asked_too_early),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
