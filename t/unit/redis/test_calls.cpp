// Callbacks in order, and those that nobody waits for any more.
#include <string>
#include <vector>

#include "redis/calls.hpp"

#include "cmocka.hpp"

namespace ws_pubsub::redis {
namespace {

struct Told {
    Calls calls;
    std::string text;

    void add(const char* name)
    {
        calls.add([this, name](const Ending& ending) {
            text += name;
            text += ending.reply ? "+" : "-";
            text += ending.why;
        });
    }
    bool reply()
    {
        Ending ending;
        ending.reply.emplace();
        return calls.end_first(ending);
    }
};

void in_order(void** /*state*/)
{
    Told told;
    told.add("a");
    told.add("b");
    assert_true(told.reply());
    assert_true(told.reply());
    assert_string_equal(told.text.c_str(), "a+b+");
}

void taken_back(void** /*state*/)
{
    Told told;
    told.add("a");
    told.add("b");
    told.calls.take_back();
    told.add("c");
    told.reply();
    told.reply();
    assert_string_equal(told.text.c_str(), "a+c+");
}

void given_up(void** /*state*/)
{
    Told told;
    told.add("a");
    told.add("b");
    told.calls.give_up("!");
    assert_string_equal(told.text.c_str(), "a-!b-!");
    told.add("c");
    assert_false(told.reply());
    assert_false(told.reply());
    assert_true(told.reply());
    assert_string_equal(told.text.c_str(), "a-!b-!c+");
}

void given_up_twice(void** /*state*/)
{
    Told told;
    told.add("a");
    told.calls.give_up("1");
    told.add("b");
    told.calls.give_up("2");
    told.add("c");
    assert_false(told.reply());
    assert_false(told.reply());
    assert_true(told.reply());
    assert_string_equal(told.text.c_str(), "a-1b-2c+");
}

void added_while_given_up(void** /*state*/)
{
    Told told;
    told.calls.add([&told](const Ending& /*ending*/) { told.add("b"); });
    told.calls.give_up("!");
    assert_string_equal(told.text.c_str(), "");
    assert_false(told.reply());
    assert_true(told.reply());
    assert_string_equal(told.text.c_str(), "b+");
}

} // namespace
} // namespace ws_pubsub::redis

int main()
{
    using namespace ws_pubsub::redis;
    const CMUnitTest tests[] = {
        cmocka_unit_test(in_order),
        cmocka_unit_test(taken_back),
        cmocka_unit_test(given_up),
        cmocka_unit_test(given_up_twice),
        cmocka_unit_test(added_while_given_up),
    };
    return cmocka_run_group_tests_name("calls", tests, nullptr, nullptr);
}
