// What each answer of a hook means.
#include <string>
#include <string_view>

#include "client/hook_answer.hpp"
#include "support/asserts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using About = Question::About;

HookReading read(unsigned status, std::string type = {}, std::string body = {},
                 About about = About::publish, bool is_patch = false)
{
    return read_hook_answer(
        {true, status, std::move(type), false, std::move(body)}, about,
        is_patch);
}

int code(const HookReading& reading)
{
    return reading.verdict.refusal ? code_of(reading.verdict.refusal->code) : 0;
}

void test_statuses(void** /*state*/)
{
    const struct {
        unsigned status;
        int code;
    } kCases[] = {{200, 0},   {201, 0},   {202, 0},   {204, 0},   {401, 103},
                  {403, 103}, {404, 103}, {413, 107}, {422, 107}, {429, 111},
                  {0, 115},   {100, 115}, {203, 115}, {206, 115}, {301, 115},
                  {302, 115}, {304, 115}, {400, 115}, {405, 115}, {499, 115},
                  {500, 115}, {502, 115}, {503, 115}, {504, 115}};
    for (const auto& one : kCases) {
        for (const About about : {About::subscribe, About::publish}) {
            const HookReading reading = read(one.status, {}, {}, about);
            assert_int_equal(code(reading), one.code);
            assert_int_equal(reading.fault.empty(), one.code != 115);
            assert_false(reading.verdict.payload.has_value());
        }
    }
}

void test_unfinished(void** /*state*/)
{
    HookAnswer answer;
    answer.status = 200;
    answer.body = "{}";
    const HookReading reading =
        read_hook_answer(std::move(answer), About::publish, false);
    assert_int_equal(code(reading), 115);
    assert_false(reading.verdict.payload.has_value());
}

void test_messages(void** /*state*/)
{
    const std::string longest(kMaxHookMessageBytes, 'x');
    const struct {
        std::string type, body;
        std::string_view message;
    } kCases[] = {
        {"application/json", R"({"message":"not in this room"})",
         "not in this room"},
        {"Application/JSON; charset=utf-8", R"({"message":"caf\u00e9"})",
         "caf\xC3\xA9"},
        {"application/json", R"({"message":")" + longest + R"("})", longest},
        {"application/json", R"({"message":"y)" + longest + R"("})",
         "not allowed"},
        {"application/json", R"({"message":7})", "not allowed"},
        {"application/json", R"({"message":""})", "not allowed"},
        {"application/json", R"({"message":"a\nb"})", "not allowed"},
        {"application/json", R"(["message"])", "not allowed"},
        {"application/json", "{\"message\":\"\xFF\"}", "not allowed"},
        {"application/json", R"({"message":"a"} b)", "not allowed"},
        {"text/html", R"({"message":"a"})", "not allowed"},
        {"", R"({"message":"a"})", "not allowed"},
    };
    for (const auto& one : kCases) {
        for (const unsigned status : {401, 403, 404}) {
            const HookReading reading =
                read(status, one.type, one.body, About::subscribe);
            assert_int_equal(code(reading), 103);
            assert_text(reading.verdict.error().message, one.message);
        }
    }
    HookReading other = read(422, "application/json", R"({"message":"a"})");
    assert_text(other.verdict.error().message, "the payload is not accepted");
}

void test_payloads(void** /*state*/)
{
    const struct {
        std::string type, body;
        std::optional<PayloadKind> kind;
        std::string_view kept_type;
    } kCases[] = {
        {"application/json", "[1]", PayloadKind::json, ""},
        {"application/geo+json", "{}", PayloadKind::json,
         "application/geo+json"},
        {"text/plain", "caf\xC3\xA9", PayloadKind::text, "text/plain"},
        {"image/png", "\x89PNG", PayloadKind::binary, "image/png"},
        {"", "anything", std::nullopt, ""},
    };
    for (const auto& one : kCases) {
        const HookReading reading = read(200, one.type, one.body);
        assert_int_equal(code(reading), 0);
        assert_true(reading.verdict.payload.has_value());
        assert_true(reading.verdict.payload->kind == one.kind);
        assert_text(reading.verdict.payload->content_type, one.kept_type);
        assert_text(reading.verdict.payload->text, one.body);
    }
}

void test_bad_payloads(void** /*state*/)
{
    const struct {
        std::string type, body;
    } kCases[] = {{"application/json", "{"},
                  {"application/json", "\xEF\xBB\xBF{}"},
                  {"text/plain", "\xFF"},
                  {"text/plain\r", "a"},
                  {std::string(kMaxContentTypeBytes + 1, 'a'), "a"}};
    for (const auto& one : kCases) {
        const HookReading reading = read(200, one.type, one.body);
        assert_int_equal(code(reading), 115);
        assert_false(reading.fault.empty());
    }
}

void test_encoded(void** /*state*/)
{
    const auto encoded = [](unsigned status, std::string body) {
        return read_hook_answer(
            {true, status, "application/json", true, std::move(body)},
            About::publish, false);
    };
    assert_int_equal(code(encoded(200, "{}")), 115);
    assert_int_equal(code(encoded(200, "")), 0);
    assert_text(encoded(403, R"({"message":"a"})").verdict.error().message,
                "not allowed");
}

// Of a patch, and of what is no publish, there is nothing to replace.
void test_nothing_to_replace(void** /*state*/)
{
    for (const bool is_patch : {false, true}) {
        const HookReading reading =
            read(200, "application/json", "{",
                 is_patch ? About::publish : About::subscribe, is_patch);
        assert_int_equal(code(reading), 0);
        assert_false(reading.verdict.payload.has_value());
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_unfinished),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_bad_payloads),
        cmocka_unit_test(test_encoded),
        cmocka_unit_test(test_nothing_to_replace),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
