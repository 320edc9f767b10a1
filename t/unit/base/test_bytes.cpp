// Numbers and texts as bytes, there and back.
#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "support/asserts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

void test_there_and_back(void** /*state*/)
{
    std::string text;
    ByteWriter out(text);
    out.number(uint8_t{0xfe});
    out.number(int64_t{-2});
    out.text<uint16_t>("abc");
    out.number(uint32_t{0x01020304});
    assert_int_equal(text.size(), 1 + 8 + 2 + 3 + 4);
    assert_string_equal(text.substr(text.size() - 4).c_str(), "\4\3\2\1");
    ByteReader in(text);
    assert_int_equal(in.number<uint8_t>(), 0xfe);
    assert_true(in.number<int64_t>() == -2);
    assert_true(in.text<uint16_t>() == "abc");
    assert_int_equal(in.number<uint32_t>(), 0x01020304);
    assert_true(in.at_end());
    assert_false(in.failed());
}

void test_put(void** /*state*/)
{
    std::string text;
    ByteWriter out(text);
    const size_t place = out.place();
    out.number(uint32_t{0});
    out.bytes("x");
    out.put(place, uint32_t{7});
    ByteReader in(text);
    assert_int_equal(in.number<uint32_t>(), 7);
    assert_int_equal(in.left(), 1);
}

void test_too_short(void** /*state*/)
{
    ByteReader number("\1\2\3");
    assert_int_equal(number.number<uint32_t>(), 0);
    assert_true(number.failed());
    ByteReader text(std::string_view("\4\0abc", 5));
    assert_true(text.text<uint16_t>().empty());
    assert_true(text.failed());
    assert_int_equal(text.number<uint8_t>(), 0);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_too_short),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
