// Where a JSON text ends; compared with what parses it.
#include <random>
#include <string>

#include "json/check.hpp"
#include "json/grammar.hpp"
#include "support/asserts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using namespace std::string_view_literals;

void test_whole(void** /*state*/)
{
    for (const std::string_view text :
         {"0"sv, "-0"sv, "1.5e-7"sv, "1E+9"sv, "true"sv, "null"sv, "\"\""sv,
          R"("\"\\\/\b\f\n\r\t\u00Ff")"sv, "[]"sv, "{}"sv, " [ ] "sv,
          R"({"a":{},"b":[[],1,{"c":"}"}]})"sv, " { \"a\" : [ 1 , 2 ] } "sv,
          "\"\xC3\xA9\""sv, "[1e999]"sv, R"({"\u0000":"\uD83D\ude00"})"sv,
          R"("\ud800")"sv, R"("\ud800\u0041")"sv, R"("\ude00\ud83d")"sv}) {
        const auto end = json_end(text);
        assert_true(end.has_value());
        assert_true(text.find_first_not_of(' ', *end) == text.npos);
    }
    assert_int_equal(*json_end("{} {}"), 2);
    assert_int_equal(*json_end("1,"), 1);
    const std::string deep(100'000, '[');
    assert_true(!json_end(deep));
    assert_true(json_end(deep + std::string(100'000, ']')).has_value());
}

void test_malformed(void** /*state*/)
{
    for (const std::string_view text : {""sv,
                                        " "sv,
                                        "-"sv,
                                        "+1"sv,
                                        ".5"sv,
                                        "1."sv,
                                        "1e"sv,
                                        "1e+"sv,
                                        "nul"sv,
                                        "True"sv,
                                        "\""sv,
                                        "\"\\\""sv,
                                        "\"\\x\""sv,
                                        "\"\\u12g4\""sv,
                                        "\"\\u12"sv,
                                        R"("\ud800\u")"sv,
                                        "\"\n\""sv,
                                        "\"\0\""sv,
                                        "["sv,
                                        "[1"sv,
                                        "[1,"sv,
                                        "[1,]"sv,
                                        "[,1]"sv,
                                        "[1}"sv,
                                        "{"sv,
                                        "{]"sv,
                                        "{1:2}"sv,
                                        "{\"a\"}"sv,
                                        "{\"a\":}"sv,
                                        "{\"a\":1,}"sv,
                                        "{\"a\":1 \"b\":2}"sv,
                                        "[\0]"sv,
                                        "{\0:1}"sv,
                                        "\"\\\0\""sv}) {
        if (json_end(text)) {
            fail_msg("taken: %s", std::string(text).c_str());
        }
    }
}

// Random texts of what JSON is made of: where the parser takes one, this does.
void test_as_the_parser(void** /*state*/)
{
    static const char* const kTokens[] = {
        "{", "}",    "[",       "]",    ",",  ":",          "\"a\"",
        "1", "-2.5", "\"\\n\"", "null", " ",  "\"b",        "0",
        ".", "\\",   "{\"a\":", "[]",   "e-", "\"\\u00e9\""};
    std::mt19937 random(7);
    int taken = 0;
    for (int i = 0; i < 300'000; i++) {
        std::string text;
        for (auto n = 1 + random() % 9; n > 0; n--) {
            text += kTokens[random() % std::size(kTokens)];
        }
        const auto end = json_end(text);
        const bool whole =
            end && text.find_first_not_of(' ', *end) == std::string::npos;
        if (whole != is_json(text)) {
            fail_msg("the parser disagrees: %s", text.c_str());
        }
        taken += whole ? 1 : 0;
    }
    assert_true(taken > 1000);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_as_the_parser),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
