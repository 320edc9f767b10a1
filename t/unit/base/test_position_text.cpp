// Positions as text.
#include "base/position_text.hpp"
#include "support/asserts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

void test_round_trip(void** /*state*/)
{
    for (const Position at : {Position{1, 0}, Position{35, 1}, Position{36, 10},
                              Position{UINT64_MAX, UINT64_MAX}}) {
        assert_true(parse_position(position_text(at)) == at);
        assert_true(parse_epoch(epoch_text(at.epoch)) == at.epoch);
    }
    assert_text(position_text({36, 10}), "10.10");
}

void test_none(void** /*state*/)
{
    for (const char* text : {"", ".", "1", "1.", ".1", "0.1", "1.-1", "-1.1",
                             "1.+1", " 1.1", "1.1 ", "1.1.1", "1,1", "1.a",
                             "3w5e11264sgsg.1", "1.18446744073709551616"}) {
        assert_false(parse_position(text).has_value());
    }
    // Upper case is read, too.
    assert_true(parse_epoch("Z") == uint64_t{35});
}

void test_numbers(void** /*state*/)
{
    assert_true(parse_number("0") == uint64_t{0});
    assert_true(parse_number("007") == uint64_t{7});
    assert_true(parse_number("18446744073709551615") == UINT64_MAX);
    for (const char* text :
         {"", "-0", "+1", "1 ", "0x1", "1e3", "18446744073709551616"}) {
        assert_false(parse_number(text).has_value());
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
