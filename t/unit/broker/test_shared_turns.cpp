// Whose work takes several turns: everybody gets a step, one after the other,
// and a turn costs no more than it may, however many there are.
#include <algorithm>
#include <string>
#include <vector>

#include "broker/shared_turns.hpp"
#include "support/asserts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr size_t kStepCost = kTopicsPerTurn / 8;

class Steps final : public Work {
public:
    Steps(char name, size_t count, std::string& log)
        : name_(name), count_(count), log_(log)
    {}
    bool step(size_t& left) override
    {
        left -= std::min(left, kStepCost);
        log_ += name_;
        return --count_ == 0;
    }

private:
    char name_;
    size_t count_;
    std::string& log_;
};

void test_at_once(void** /*state*/)
{
    std::string log;
    SharedTurns turns;
    Steps few('a', 3, log);
    assert_true(turns.begin(few));
    assert_text(log, "aaa");
    assert_false(turns.run());
}

void test_one_after_the_other(void** /*state*/)
{
    std::string log;
    SharedTurns turns;
    Steps many('a', 12, log);
    Steps some('b', 5, log);
    Steps few('c', 1, log);
    assert_false(turns.begin(many));
    assert_false(turns.begin(some));
    assert_false(turns.begin(few));
    assert_text(log, "aaaaaaaa");
    log.clear();
    assert_true(turns.run());
    assert_text(log, "abcababa");
    log.clear();
    assert_false(turns.run());
    assert_text(log, "bb");
    assert_false(turns.run());
    assert_text(log, "bb");
}

// Who comes while others wait does not go before them.
void test_a_newcomer(void** /*state*/)
{
    std::string log;
    SharedTurns turns;
    Steps many('a', 100, log);
    assert_false(turns.begin(many));
    assert_true(turns.run());
    log.clear();
    Steps few('b', 1, log);
    assert_false(turns.begin(few));
    assert_text(log, "");
    assert_true(turns.run());
    assert_text(log, "abaaaaaa");
}

void test_cancelled(void** /*state*/)
{
    std::string log;
    SharedTurns turns;
    Steps many('a', 100, log);
    Steps some('b', 2, log);
    assert_false(turns.begin(many));
    assert_false(turns.begin(some));
    log.clear();
    turns.cancel(many);
    turns.cancel(many);
    assert_false(turns.run());
    assert_text(log, "bb");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_one_after_the_other),
        cmocka_unit_test(test_a_newcomer),
        cmocka_unit_test(test_cancelled),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
