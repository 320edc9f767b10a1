// Percent-encoding undone, and what is none.
#include <string>
#include <string_view>

#include "base/percent.hpp"
#include "base/utf8.hpp"
#include "support/asserts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using namespace std::string_view_literals;

void test_decoded(void** /*state*/)
{
    assert_text(percent_decoded(""), "");
    assert_text(percent_decoded("a/b+c"), "a/b+c");
    assert_text(percent_decoded("caf%C3%A9"), "caf\xC3\xA9");
    assert_text(percent_decoded("caf%c3%a9%2F%2a"), "caf\xC3\xA9/*");
    assert_text(percent_decoded("%2541%25"), "%41%");
    assert_text(percent_decoded("%00"), "\0"sv);
}

void test_malformed(void** /*state*/)
{
    for (const char* text : {"%", "a%", "%2", "%zz", "%2g", "%-1", "%+1", "% 1",
                             "%%41", "%0x41", "100%", "a%/b"}) {
        assert_false(is_utf8(percent_decoded(text)));
    }
}

void test_encoded(void** /*state*/)
{
    assert_text(percent_encoded(""), "");
    assert_text(percent_encoded("azAZ09-._~"), "azAZ09-._~");
    assert_text(percent_encoded("room/7 a+b&c=%?#"),
                "room%2F7%20a%2Bb%26c%3D%25%3F%23");
    assert_text(percent_encoded("caf\xC3\xA9\0\r"sv), "caf%C3%A9%00%0D");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_decoded),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_encoded),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
