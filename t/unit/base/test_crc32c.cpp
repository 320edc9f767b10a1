// CRC-32C, by the vectors of RFC 3720, appendix B.4.
#include <string>

#include "base/crc32c.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

std::string counted(int from, int step)
{
    std::string text;
    for (int i = 0; i < 32; i++) {
        text += static_cast<char>(from + step * i);
    }
    return text;
}

void test_vectors(void** /*state*/)
{
    assert_int_equal(crc32c(std::string(32, '\0')), 0x8a9136aa);
    assert_int_equal(crc32c(std::string(32, '\xff')), 0x62a8ab43);
    assert_int_equal(crc32c(counted(0, 1)), 0x46dd794e);
    assert_int_equal(crc32c(counted(31, -1)), 0x113fdb5c);
    assert_int_equal(crc32c("123456789"), 0xe3069283);
    assert_int_equal(crc32c(""), 0);
}

void test_pieces(void** /*state*/)
{
    const std::string text = counted(3, 7) + "and a little more";
    const std::string_view view(text);
    for (size_t i = 0; i <= text.size(); i++) {
        assert_int_equal(crc32c(view.substr(i), crc32c(view.substr(0, i))),
                         crc32c(text));
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
