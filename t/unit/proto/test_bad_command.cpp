// What is no command, and what is none in a way that ends the session.
#include <string>

#include "json/check.hpp"
#include "proto/command.hpp"
#include "support/asserts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using namespace std::string_view_literals;
using Kind = CommandReader::Kind;

// The error of a bad command that has the id 7.
int error(std::string_view members)
{
    const std::string text = R"({"id":7,)" + std::string(members) + "}";
    CommandReader reader(text);
    if (reader.next() != Kind::bad) {
        fail_msg("good, or no object: %s", text.c_str());
    }
    assert_text(reader.command().id, "7");
    assert_false(reader.error().message.empty());
    assert_true(reader.next() == Kind::end);
    return code_of(reader.error().code);
}

const int kBad = code_of(Errc::bad_request);

void test_op(void** /*state*/)
{
    assert_int_equal(error(R"("x":1)"), kBad);
    assert_int_equal(error(R"("op":1)"), kBad);
    assert_int_equal(error(R"("op":null)"), kBad);
    for (const char* op : {"", "Sub", "subscribe", "ping\\u0000", "pong"}) {
        assert_int_equal(error("\"op\":\"" + std::string(op) + '"'),
                         code_of(Errc::unknown_op));
    }
}

void test_id(void** /*state*/)
{
    for (const char* id : {"null", "true", "1.5", "[]", "{}", "1.0e300",
                           "123456789012345678901"}) {
        const std::string text =
            R"({"op":"ping","id":)" + std::string(id) + "}";
        CommandReader reader(text);
        assert_true(reader.next() == Kind::bad);
        assert_int_equal(reader.error().code, kBad);
        assert_text(reader.command().id, "");
    }
    const std::string text =
        R"({"op":"ping","id":")" + std::string(65, 'x') + "\"}";
    CommandReader reader(text);
    assert_true(reader.next() == Kind::bad);
    assert_text(reader.command().id, "");
}

void test_topic(void** /*state*/)
{
    for (const char* op : {"sub", "unsub", "pub", "get", "history"}) {
        const std::string rest =
            "\"op\":\"" + std::string(op) + R"(","data":1,"last":1)";
        assert_int_equal(error(rest), kBad);
        for (const char* topic :
             {"1", "null", "[]", R"("")", R"("/a")", R"("a/")", R"("a//b")",
              R"("a*")", R"("**/a")", R"("a\u0000b")", R"("a\n")"}) {
            assert_int_equal(error(rest + ",\"topic\":" + topic), kBad);
        }
        assert_int_equal(
            error(rest + ",\"topic\":\"" + std::string(256, 'a') + '"'), kBad);
    }
    for (const char* op : {"pub", "history"}) {
        for (const char* topic : {"*", "a/*", "**"}) {
            assert_int_equal(error("\"op\":\"" + std::string(op) +
                                   R"(","data":1,"last":1,"topic":")" + topic +
                                   '"'),
                             kBad);
        }
    }
}

// What is no position, wherever one may stand.
const char* const kNoPositions[] = {
    "1",
    "null",
    "[]",
    "{}",
    R"("5")",
    R"({"epoch":"1"})",
    R"({"seq":1})",
    R"({"epoch":1,"seq":1})",
    R"({"epoch":"1","seq":"1"})",
    R"({"epoch":"1","seq":-1})",
    R"({"epoch":"1","seq":1.5})",
    R"({"epoch":"1","seq":1e300})",
    R"({"epoch":"1","seq":123456789012345678901})",
    R"({"epoch":null,"seq":null})",
};

void test_since(void** /*state*/)
{
    const std::string sub = R"("op":"sub","topic":"a","since":)";
    for (const char* since : kNoPositions) {
        assert_int_equal(error(sub + since), kBad);
    }
    for (const char* since :
         {R"("old")", "true", R"({"last":-1})", R"({"last":"1"})",
          R"({"last":1.5})", R"({"last":null})"}) {
        assert_int_equal(error(sub + since), kBad);
    }
    // One position says nothing about many topics.
    assert_int_equal(
        error(R"("op":"sub","topic":"a/*","since":{"epoch":"1","seq":1})"),
        kBad);
}

void test_positions(void** /*state*/)
{
    const std::string sub = R"("op":"sub","topic":"a/*","positions":)";
    for (const char* positions : {"1", "null", "[]", R"("a")"}) {
        assert_int_equal(error(sub + positions), kBad);
    }
    for (const char* position : kNoPositions) {
        assert_int_equal(error(sub + "{\"a/b\":" + position + "}"), kBad);
    }
    for (const char* topic : {"", "a/*", "/"}) {
        assert_int_equal(
            error(sub + "{\"" + topic + R"(":{"epoch":"1","seq":1}})"), kBad);
    }
}

void test_payload(void** /*state*/)
{
    const std::string pub = R"("op":"pub","topic":"a")";
    for (const char* rest : {"",
                             R"(,"data":1,"text":"x")",
                             R"(,"data":1,"b64":"")",
                             R"(,"text":"x","b64":"")",
                             R"(,"data":1,"text":"x","b64":"")",
                             R"(,"text":1)",
                             R"(,"text":null)",
                             R"(,"text":["x"])",
                             R"(,"b64":1)",
                             R"(,"b64":"A")",
                             R"(,"b64":"AAA")",
                             R"(,"b64":"AAA?")",
                             R"(,"b64":"AB==")",
                             R"(,"b64":"AAB=")",
                             R"(,"b64":"A===")",
                             R"(,"b64":"====")",
                             R"(,"b64":"AA==AA==")",
                             R"(,"b64":" AAA")",
                             R"(,"b64":"A-_A")",
                             R"(,"b64":"\u0000AAA")"}) {
        assert_int_equal(error(pub + rest), kBad);
    }
}

void test_condition(void** /*state*/)
{
    const std::string pub = R"("op":"pub","topic":"a","data":1,"if":)";
    for (const char* wanted : kNoPositions) {
        assert_int_equal(error(pub + wanted), kBad);
    }
    assert_int_equal(error(pub + R"("exists")"), kBad);
    assert_int_equal(error(pub + R"("absent\u0000")"), kBad);
}

void test_key(void** /*state*/)
{
    const std::string pub = R"("op":"pub","topic":"a","data":1,"key":)";
    for (const char* key : {"1", "null", "[]", R"("")"}) {
        assert_int_equal(error(pub + key), kBad);
    }
    assert_int_equal(error(pub + '"' + std::string(129, 'k') + '"'), kBad);
}

void test_pages(void** /*state*/)
{
    const std::string get = R"("op":"get","topic":"**")";
    for (const char* rest :
         {R"(,"after":1)", R"(,"after":null)", R"(,"limit":0)",
          R"(,"limit":1001)", R"(,"limit":-1)", R"(,"limit":1.5)",
          R"(,"limit":"1")", R"(,"limit":null)", R"(,"limit":1e300)"}) {
        assert_int_equal(error(get + rest), kBad);
    }
}

void test_history(void** /*state*/)
{
    const std::string history = R"("op":"history","topic":"a")";
    assert_int_equal(error(history), kBad);
    for (const char* since : kNoPositions) {
        assert_int_equal(error(history + ",\"since\":" + since), kBad);
    }
    for (const char* rest :
         {R"(,"last":1,"since":{"epoch":"1","seq":1})", R"(,"last":-1)",
          R"(,"last":"1")", R"(,"last":null)", R"(,"since":{"last":1})",
          R"(,"last":1,"limit":0)",
          // a position stands in "since", not beside a bad "last"
          R"(,"last":"x","epoch":"1","seq":1)"}) {
        assert_int_equal(error(history + rest), kBad);
    }
}

void test_no_objects(void** /*state*/)
{
    for (const std::string_view text : {"x"sv,
                                        "1"sv,
                                        "null"sv,
                                        "[]"sv,
                                        "\"{}\""sv,
                                        "[{\"op\":\"ping\"}]"sv,
                                        "{"sv,
                                        "}"sv,
                                        "{\"op\":\"ping\""sv,
                                        "{op:\"ping\"}"sv,
                                        "{'op':'ping'}"sv,
                                        "{\"op\":\"ping\",}"sv,
                                        "{\"op\" \"ping\"}"sv,
                                        "\0"sv,
                                        "{\"op\":\"ping\0\"}"sv,
                                        "{\"op\":\"pi\nng\"}"sv,
                                        "{\"op\":\"\\x\"}"sv,
                                        "{\"a\":01}"sv,
                                        "{\"a\":.5}"sv,
                                        "{\"a\":1.}"sv,
                                        "{\"a\":+1}"sv,
                                        "{\"a\":1\0}"sv,
                                        "{\"a\":[1\0,2\0]\0}"sv,
                                        "{\"a\":1\0\r,\"b\":0 } :\"a\"}"sv,
                                        "{\"a\":NaN}"sv,
                                        "\xEF\xBB\xBF{\"op\":\"ping\"}"sv}) {
        assert_true(CommandReader(text).next() == Kind::not_an_object);
    }
    for (const std::string_view text : {"1\0"sv, "[1\0]"sv, "[1]\0"sv}) {
        assert_false(is_json(text));
    }
}

void test_a_good_one_and_then_none(void** /*state*/)
{
    CommandReader reader("{\"op\":\"ping\"} x {\"op\":\"ping\"}");
    assert_true(reader.next() == Kind::command);
    assert_true(reader.next() == Kind::not_an_object);
}

// JSON that is well-formed, but has no representation here, is the command's
// error: the session goes on, with what follows in the frame, too.
void test_beyond_the_limits_of_json(void** /*state*/)
{
    const std::string pub = R"("op":"pub","topic":"a","data":)";
    for (const char* data :
         {"1e999", "-1E+999", R"([1,{"a":1e999}])", R"({"a\u0000b":1})",
          R"({"\u0000":"}"})", R"("\ud83d")", R"("\uDE00")", R"(["\ud83d!"])",
          R"("\ud83d\ud83d\ude00")", R"({"\ud83d":"}"})"}) {
        assert_int_equal(error(pub + data), kBad);
        assert_int_equal(error(pub + data + " , \"x\" : [ ] "), kBad);
    }
    const std::string text = "{\"op\":\"ping\",\"x\":1e999,\"id\":\"\\u0061\"}"
                             "{\"op\":\"ping\"}";
    CommandReader reader(text);
    assert_true(reader.next() == Kind::bad);
    assert_text(reader.command().id, "\"a\"");
    assert_true(reader.next() == Kind::command);
    for (const char* none :
         {"{\"a\":1e999", "{\"a\":1e999]", "[1e999]", "{\"a\":1e999,}",
          "{\"a\":1e999 1}", "{\"a\":1e}", "{\"a\":1e999,\"b\":\"\\ud80\"}"}) {
        assert_true(CommandReader(none).next() == Kind::not_an_object);
    }
}

// Deep nesting costs no stack.
void test_deep(void** /*state*/)
{
    const std::string pub = R"("op":"pub","topic":"a","data":)";
    std::string text = "{" + pub + std::string(1'000'000, '[');
    assert_true(CommandReader(text).next() == Kind::not_an_object);
    text += std::string(1'000'000, ']');
    assert_true(CommandReader(text).next() == Kind::not_an_object);
    assert_true(CommandReader(text + "}").next() == Kind::bad);
    std::string objects;
    for (int i = 0; i < 3000; i++) {
        objects += "{\"a\":";
    }
    assert_int_equal(error(pub + objects + "1" + std::string(3000, '}')), kBad);
    assert_false(
        is_json(std::string(1'000'000, '[') + std::string(1'000'000, ']')));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_op),
        cmocka_unit_test(test_id),
        cmocka_unit_test(test_topic),
        cmocka_unit_test(test_since),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_payload),
        cmocka_unit_test(test_condition),
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_no_objects),
        cmocka_unit_test(test_a_good_one_and_then_none),
        cmocka_unit_test(test_beyond_the_limits_of_json),
        cmocka_unit_test(test_deep),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
