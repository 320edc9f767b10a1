// Writing JSON, and cutting a member out of an object as it stands.
#include <string>

#include "json/text.hpp"
#include "support/asserts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using namespace std::string_view_literals;

std::string quoted(std::string_view text)
{
    std::string out;
    append_json_string(out, text);
    return out;
}

void test_strings(void** /*state*/)
{
    assert_text(quoted(""), R"("")");
    assert_text(quoted("abc"), R"("abc")");
    assert_text(quoted(R"("a\b/c)"), R"("\"a\\b/c")");
    assert_text(quoted("\n\r\t\b\f"), R"("\n\r\t\u0008\u000c")");
    assert_text(quoted("a\0b\x1f"sv), R"("a\u0000b\u001f")");
    assert_text(quoted("\x7f\xC3\xA4\xF0\x9F\x98\x80"),
                "\"\x7f\xC3\xA4\xF0\x9F\x98\x80\"");
}

void test_numbers(void** /*state*/)
{
    std::string out;
    append_number(out, 0);
    out += ' ';
    append_number(out, UINT64_MAX);
    assert_text(out, "0 18446744073709551615");
}

Message message(PayloadKind kind, std::string_view payload)
{
    Message made;
    made.at = {36, 7};
    made.time_ms = 1234;
    made.kind = kind;
    made.payload = payload;
    return made;
}

void test_payloads(void** /*state*/)
{
    std::string out;
    append_payload(out, message(PayloadKind::json, R"( {"a" : 1})"));
    assert_text(out, R"("data": {"a" : 1})");
    out.clear();
    append_payload(out, message(PayloadKind::text, "say \"x\""));
    assert_text(out, R"("text":"say \"x\"")");
    out.clear();
    append_payload(out, message(PayloadKind::binary, "\0\xff"sv));
    assert_text(out, R"("b64":"AP8=")");
}

void test_items(void** /*state*/)
{
    std::string out;
    append_item(out, "a\"b", message(PayloadKind::json, "1"));
    assert_text(
        out, R"({"topic":"a\"b","epoch":"10","seq":7,"time":1234,"data":1})");
    out.clear();
    append_topic_row(out, "a", {35, 0}, 0);
    assert_text(out, R"({"topic":"a","epoch":"z","seq":0})");
    out.clear();
    append_topic_row(out, "a", {35, 7}, 34);
    assert_text(out, R"({"topic":"a","epoch":"z","seq":7,"was":"y"})");
    out.clear();
    append_error(out, {Errc::conflict, "it \"was\""});
    assert_text(out, R"("error":{"code":114,"message":"it \"was\""})");
}

void test_find_every_kind(void** /*state*/)
{
    constexpr std::string_view kObject =
        R"({"i":-1.5e3,"s":"x","t":true,"n":null,"o":{"i":2},"a":[1,[2]],"e":""})";
    assert_text(find_member(kObject, "i"), "-1.5e3");
    assert_text(find_member(kObject, "s"), R"("x")");
    assert_text(find_member(kObject, "t"), "true");
    assert_text(find_member(kObject, "n"), "null");
    assert_text(find_member(kObject, "o"), R"({"i":2})");
    assert_text(find_member(kObject, "a"), "[1,[2]]");
    assert_text(find_member(kObject, "e"), R"("")");
    assert_text(find_member(kObject, "x"), "");
    assert_text(find_member("{}", "x"), "");
    assert_text(find_member(" \n{ }", "x"), "");
}

// The value is as its author wrote it; blanks around it are not part of it.
void test_find_amid_blanks(void** /*state*/)
{
    constexpr std::string_view kObject =
        "\t{ \"a\" :\r\n 1 \t, \"b\"\n: { \"x\" : [ ] } ,\"c\":\"  \"  }";
    assert_text(find_member(kObject, "a"), "1");
    assert_text(find_member(kObject, "b"), "{ \"x\" : [ ] }");
    assert_text(find_member(kObject, "c"), "\"  \"");
}

void test_find_past_tricky_strings(void** /*state*/)
{
    assert_text(find_member(R"({"a":"}","b":"\"data\":1","data":2})", "data"),
                "2");
    assert_text(find_member(R"({"a\"b":1,"\\":2,"data":3})", "data"), "3");
    assert_text(find_member(R"({"a":"\\","data":4})", "data"), "4");
    assert_text(find_member(R"({"a":"\\\"","data":5})", "data"), "5");
    assert_text(find_member(R"({"a":"{[","data":"]}"})", "data"), R"("]}")");
    assert_text(find_member(R"({"a":["]",{"b":"}"}],"data":6})", "data"), "6");
    assert_text(find_member("{\"\xC3\xA4\":1,\"data\":7}", "data"), "7");
}

// Only members of the object itself count, and names, not values.
void test_find_the_right_level(void** /*state*/)
{
    assert_text(find_member(R"({"a":{"data":1},"b":[{"data":2}]})", "data"),
                "");
    assert_text(find_member(R"({"a":"data","data":{"data":3}})", "data"),
                R"({"data":3})");
    assert_text(find_member(R"({"data2":1,"dat":2,"Data":3,"":4})", "data"),
                "");
}

// As JSON parsers do.
void test_find_the_last(void** /*state*/)
{
    assert_text(find_member(R"({"data":1,"x":0,"data":2})", "data"), "2");
}

void test_find_escaped_names(void** /*state*/)
{
    assert_text(find_member(R"({"d\u0061ta":1})", "data"), "1");
    assert_text(find_member(R"({"\u0064\u0061\u0074\u0061":2})", "data"), "2");
    assert_text(find_member(R"({"data":1,"dat\u0061":2})", "data"), "2");
    assert_text(find_member(R"({"dat\u0061":1,"data":2})", "data"), "2");
    assert_text(find_member(R"({"d\u004Aata":1})", "dJata"), "1");
    assert_text(find_member(R"({"d\u004aata":1})", "dJata"), "1");
    // These only look so.
    for (const char* object :
         {R"({"d\u0161ta":1})", R"({"data\u0000":1})", R"({"\\u0064ata":1})",
          R"({"dat\\u0061":1})", R"({"data\n":1})", R"({"\ud800\udc64ata":1})",
          R"({"\u0064at":1})", R"({"d\/ata":1})"}) {
        assert_text(find_member(object, "data"), "");
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_find_every_kind),
        cmocka_unit_test(test_find_amid_blanks),
        cmocka_unit_test(test_find_past_tricky_strings),
        cmocka_unit_test(test_find_the_right_level),
        cmocka_unit_test(test_find_the_last),
        cmocka_unit_test(test_find_escaped_names),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
