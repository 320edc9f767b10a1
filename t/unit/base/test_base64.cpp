// Base64: RFC 4648's own examples, every length, and what is not canonical.
#include <string>

#include "base/base64.hpp"
#include "support/asserts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

std::string encoded(std::string_view bytes)
{
    std::string text;
    append_base64(text, bytes);
    return text;
}

void test_examples(void** /*state*/)
{
    const char* const examples[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (const auto& [bytes, text] : examples) {
        assert_text(encoded(bytes), text);
        assert_text(decode_base64(text).value_or("none"), bytes);
    }
}

void test_every_byte_and_length(void** /*state*/)
{
    std::string bytes;
    for (int i = 0; i < 260; i++) {
        const std::string text = encoded(bytes);
        assert_int_equal(text.size(), (bytes.size() + 2) / 3 * 4);
        assert_true(decode_base64(text) == bytes);
        bytes += static_cast<char>(i * 7);
    }
}

void test_not_canonical(void** /*state*/)
{
    using namespace std::string_view_literals;
    for (const std::string_view text :
         {"A"sv, "AA"sv, "AAA"sv, "AAAAA"sv, "A==="sv, "===="sv, "AA=A"sv,
          "=AAA"sv, "AA==AAAA"sv, "AB=="sv, "AAB="sv, "A-_A"sv, "AAA "sv,
          " AAA"sv, "AA\nA"sv, "AAA\0"sv, "\xff\xff\xff\xff"sv}) {
        assert_false(decode_base64(text).has_value());
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_every_byte_and_length),
        cmocka_unit_test(test_not_canonical),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
