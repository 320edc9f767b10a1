// A process is not the one that had its pid before.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

void test_this_one(void** /*state*/)
{
    const ProcessId self = process_of(getpid());
    assert_int_equal(self.pid, getpid());
    assert_true(self.started > 0);
    assert_true(process_of(getpid()) == self);
    assert_true(is_alive(self));
}

void test_another_with_the_pid(void** /*state*/)
{
    ProcessId before = process_of(getpid());
    before.started--;
    assert_false(is_alive(before));
    before.started = 0; // when is not known
    assert_true(is_alive(before));
}

void test_one_that_ended(void** /*state*/)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        pause();
        _exit(0);
    }
    const ProcessId process = process_of(child);
    assert_true(is_alive(process));
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, nullptr, 0), child);
    assert_false(is_alive(process));
    assert_int_equal(process_of(child).started, 0);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_this_one),
        cmocka_unit_test(test_another_with_the_pid),
        cmocka_unit_test(test_one_that_ended),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
