// Utf8Validator: the table of well-formed sequences, at any cut.
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/utf8.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using namespace std::string_view_literals;

constexpr std::initializer_list<std::string_view> kValid = {
    ""sv,
    "a"sv,
    "\0"sv,
    "\x7F"sv,
    "12345678"sv,
    "123456789"sv,
    "\xC2\x80"sv,         // U+0080
    "\xDF\xBF"sv,         // U+07FF
    "\xE0\xA0\x80"sv,     // U+0800
    "\xED\x9F\xBF"sv,     // U+D7FF
    "\xEE\x80\x80"sv,     // U+E000
    "\xEF\xBF\xBF"sv,     // U+FFFF
    "\xF0\x90\x80\x80"sv, // U+10000
    "\xF4\x8F\xBF\xBF"sv, // U+10FFFF
    "\xF1\x80\x80\x80"sv, // second bytes of both ends where any may come
    "\xF3\xBF\xBF\xBF"sv,
    "\xE1\x80\x80\xEC\xBF\xBF"sv,
    "12345678\xC3\xA9"sv,
    "1234567\xC3\xA9"
    "12345678"sv,
    "\xE2\x82\xAC"
    "1234567890123456\xF0\x9F\x98\x80"
    "12345678"sv,
};

struct Invalid {
    std::string_view bytes;
    size_t good; // bytes before the first that can't be right
};

constexpr std::initializer_list<Invalid> kInvalid = {
    {"\x80"sv, 0},             // continuation without a lead
    {"\xBF"sv, 0},             //
    {"\xC0\x80"sv, 0},         // overlong U+0000
    {"\xC1\xBF"sv, 0},         // overlong U+007F
    {"\xC2\x7F"sv, 1},         //
    {"\xC2\xC0"sv, 1},         //
    {"\xE0\x9F\xBF"sv, 1},     // overlong U+07FF
    {"\xED\xA0\x80"sv, 1},     // U+D800
    {"\xED\xBF\xBF"sv, 1},     // U+DFFF
    {"\xF0\x8F\xBF\xBF"sv, 1}, // overlong U+FFFF
    {"\xF4\x90\x80\x80"sv, 1}, // U+110000
    {"\xF5\x80\x80\x80"sv, 0}, //
    {"\xFE"sv, 0},             //
    {"\xFF"sv, 0},             //
    {"\xE1\x80\x7F"sv, 2},     //
    {"\xE1\x80\xC0"sv, 2},     //
    {"\xF1\x80\x80\x7F"sv, 3}, //
    {"\xF1\x80\x80\xC0"sv, 3}, //
    {"\xE0\xA0\x80\x80"sv, 3}, // one continuation too many
    {"12345678\x80"sv, 8},     //
    {"123456781234567\xFF"sv, 15},
    {"12345678\xE2\x82"
     "12345678"sv,
     10},
};

constexpr std::initializer_list<std::string_view> kCutShort = {
    "\xC2"sv, "\xE1"sv, "\xE1\x80"sv, "\xF1\x80\x80"sv, "12345678\xF0\x90"sv,
};

void test_valid(void** /*state*/)
{
    for (const std::string_view text : kValid) {
        assert_true(is_utf8(text));
        for (size_t cut = 0; cut <= text.size(); ++cut) {
            Utf8Validator validator;
            assert_true(validator.feed(text.substr(0, cut)));
            assert_true(validator.feed(text.substr(cut)));
            assert_true(validator.complete());
        }
    }
}

void test_invalid_at_the_first_wrong_byte(void** /*state*/)
{
    for (const Invalid& bad : kInvalid) {
        assert_false(is_utf8(bad.bytes));
        Utf8Validator validator;
        for (size_t i = 0; i < bad.bytes.size(); ++i) {
            assert_int_equal(validator.feed(bad.bytes.substr(i, 1)),
                             i < bad.good);
        }
        assert_false(validator.complete());
        Utf8Validator whole;
        assert_true(whole.feed(bad.bytes.substr(0, bad.good)));
        assert_false(whole.feed(bad.bytes.substr(bad.good)));
    }
}

void test_failure_lasts_until_reset(void** /*state*/)
{
    Utf8Validator validator;
    assert_false(validator.feed("\xFF"));
    assert_false(validator.feed("a"));
    assert_false(validator.feed(""));
    assert_false(validator.complete());
    validator.reset();
    assert_true(validator.complete());
    assert_true(validator.feed("\xF4"));
    validator.reset();
    assert_true(validator.feed("\x41")); // no range is left over
    assert_true(validator.complete());
}

void test_cut_short(void** /*state*/)
{
    for (const std::string_view text : kCutShort) {
        Utf8Validator validator;
        assert_true(validator.feed(text));
        assert_false(validator.complete());
        assert_false(is_utf8(text));
    }
}

void append_utf8(std::string& out, uint32_t c)
{
    const auto add = [&out](uint32_t byte) {
        out += static_cast<char>(byte);
    };
    if (c < 0x80) {
        add(c);
    } else if (c < 0x800) {
        add(0xC0 | c >> 6);
        add(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        add(0xE0 | c >> 12);
        add(0x80 | (c >> 6 & 0x3F));
        add(0x80 | (c & 0x3F));
    } else {
        add(0xF0 | c >> 18);
        add(0x80 | (c >> 12 & 0x3F));
        add(0x80 | (c >> 6 & 0x3F));
        add(0x80 | (c & 0x3F));
    }
}

void test_every_code_point(void** /*state*/)
{
    for (uint32_t c = 0; c <= 0x110400; ++c) {
        std::string text;
        append_utf8(text, c);
        const bool valid = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
        if (is_utf8(text) != valid) {
            fail_msg("U+%04X", c);
        }
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid_at_the_first_wrong_byte),
        cmocka_unit_test(test_failure_lasts_until_reset),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_every_code_point),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
