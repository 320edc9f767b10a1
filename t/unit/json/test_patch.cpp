// Patches: the cases of RFC 6902 and RFC 7396, numbers, and what is refused.
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "json/patch.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr size_t kMaxBytes = 64UL * 1024;

Result<std::string> merge(std::string_view value, std::string_view patch)
{
    return apply_patch(value, {PatchKind::merge, patch}, kMaxBytes);
}

Result<std::string> operate(std::string_view value, std::string_view patch)
{
    return apply_patch(value, {PatchKind::operations, patch}, kMaxBytes);
}

void expect(const Result<std::string>& result, std::string_view text)
{
    if (!result) {
        fail_msg("wanted %s, got error %d %s", text.data(),
                 static_cast<int>(result.error().code),
                 result.error().message.data());
    } else if (*result != text) {
        fail_msg("wanted %s, got %s", text.data(), result->c_str());
    }
}

void expect_error(const Result<std::string>& result, Errc code,
                  Cause cause = Cause::other)
{
    if (result) {
        fail_msg("wanted error %d, got %s", static_cast<int>(code),
                 result->c_str());
    } else if (result.error().code != code || result.error().cause != cause) {
        fail_msg("wanted error %d, got %d %s", static_cast<int>(code),
                 static_cast<int>(result.error().code),
                 result.error().message.data());
    }
}

struct Case {
    std::string_view value;
    std::string_view patch;
    std::string_view result;
};

void test_merge_of_the_rfc(void** /*state*/)
{
    // RFC 7396, section 1 and appendix A.
    for (const Case& c : {
             Case{R"({"a":"b","c":{"d":"e","f":"g"}})",
                  R"({"a":"z","c":{"f":null}})", R"({"a":"z","c":{"d":"e"}})"},
             Case{R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
             Case{R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
             Case{R"({"a":"b"})", R"({"a":null})", R"({})"},
             Case{R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
             Case{R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
             Case{R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
             Case{R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})",
                  R"({"a":{"b":"d"}})"},
             Case{R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
             Case{R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
             Case{R"({"a":"b"})", R"(["c"])", R"(["c"])"},
             Case{R"({"a":"foo"})", R"(null)", R"(null)"},
             Case{R"({"a":"foo"})", R"("bar")", R"("bar")"},
             Case{R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
             Case{R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
             Case{R"({})", R"({"a":{"bb":{"ccc":null}}})",
                  R"({"a":{"bb":{}}})"},
         }) {
        expect(merge(c.value, c.patch), c.result);
    }
}

void test_operations_of_the_rfc(void** /*state*/)
{
    // RFC 6902, appendix A.
    for (
        const Case& c : {
            Case{R"({"foo":"bar"})",
                 R"([{"op":"add","path":"/baz","value":"qux"}])",
                 R"({"foo":"bar","baz":"qux"})"},
            Case{R"({"foo":["bar","baz"]})",
                 R"([{"op":"add","path":"/foo/1","value":"qux"}])",
                 R"({"foo":["bar","qux","baz"]})"},
            Case{R"({"baz":"qux","foo":"bar"})",
                 R"([{"op":"remove","path":"/baz"}])", R"({"foo":"bar"})"},
            Case{R"({"foo":["bar","qux","baz"]})",
                 R"([{"op":"remove","path":"/foo/1"}])",
                 R"({"foo":["bar","baz"]})"},
            Case{R"({"baz":"qux","foo":"bar"})",
                 R"([{"op":"replace","path":"/baz","value":"boo"}])",
                 R"({"baz":"boo","foo":"bar"})"},
            Case{
                R"({"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}})",
                R"([{"op":"move","from":"/foo/waldo","path":"/qux/thud"}])",
                R"({"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}})"},
            Case{R"({"foo":["all","grass","cows","eat"]})",
                 R"([{"op":"move","from":"/foo/1","path":"/foo/3"}])",
                 R"({"foo":["all","cows","eat","grass"]})"},
            Case{R"({"baz":"qux","foo":["a",2,"c"]})",
                 R"([{"op":"test","path":"/baz","value":"qux"},
                      {"op":"test","path":"/foo/1","value":2}])",
                 R"({"baz":"qux","foo":["a",2,"c"]})"},
            Case{R"({"foo":"bar"})",
                 R"([{"op":"add","path":"/child","value":{"grandchild":{}}}])",
                 R"({"foo":"bar","child":{"grandchild":{}}})"},
            Case{R"({"foo":"bar"})",
                 R"([{"op":"add","path":"/baz","value":"qux","xyz":123}])",
                 R"({"foo":"bar","baz":"qux"})"},
            Case{R"({"/":9,"~1":10})",
                 R"([{"op":"test","path":"/~01","value":10}])",
                 R"({"/":9,"~1":10})"},
            Case{R"({"foo":["bar"]})",
                 R"([{"op":"add","path":"/foo/-","value":["abc","def"]}])",
                 R"({"foo":["bar",["abc","def"]]})"},
        }) {
        expect(operate(c.value, c.patch), c.result);
    }
    expect_error(operate(R"({"baz":"qux"})",
                         R"([{"op":"test","path":"/baz","value":"bar"}])"),
                 Errc::conflict);
    expect_error(operate(R"({"foo":"bar"})",
                         R"([{"op":"add","path":"/baz/bat","value":"qux"}])"),
                 Errc::conflict, Cause::path);
    // A.13: of two members "op" the last counts, so it removes what is not
    // there.
    expect_error(operate(R"({"foo":"bar"})",
                         R"([{"op":"add","path":"/baz","value":"qux",
                             "op":"remove"}])"),
                 Errc::conflict, Cause::path);
    // A.15: a string is no number.
    expect_error(operate(R"({"/":9,"~1":10})",
                         R"([{"op":"test","path":"/~01","value":"10"}])"),
                 Errc::conflict);
}

void test_operations_on_the_whole_value(void** /*state*/)
{
    expect(operate("1", R"([{"op":"replace","path":"","value":[2]}])"), "[2]");
    expect(operate("1", R"([{"op":"add","path":"","value":{"a":1}}])"),
           R"({"a":1})");
    expect(operate("1", R"([{"op":"test","path":"","value":1}])"), "1");
    expect(operate(R"({"a":[5]})", R"([{"op":"move","from":"/a","path":""}])"),
           "[5]");
    expect(operate(R"({"a":1})", R"([{"op":"copy","from":"","path":"/b"}])"),
           R"({"a":1,"b":{"a":1}})");
    expect(operate("[1]", "[]"), "[1]");
    expect_error(operate("1", R"([{"op":"remove","path":""}])"), Errc::conflict,
                 Cause::path);
}

void test_places_that_are_not_there(void** /*state*/)
{
    constexpr std::string_view kValue =
        R"({"a":1,"s":"x","n":null,"l":[1,[2]],"":{"":5},"o":{}})";
    for (const std::string_view patch : {
             R"([{"op":"remove","path":"/b"}])",
             R"([{"op":"remove","path":"/a/b"}])",
             R"([{"op":"remove","path":"/l/2"}])",
             R"([{"op":"remove","path":"/l/-"}])",
             R"([{"op":"replace","path":"/b","value":1}])",
             R"([{"op":"replace","path":"/l/-","value":1}])",
             R"([{"op":"add","path":"/b/c","value":1}])",
             R"([{"op":"add","path":"/a/b","value":1}])",
             R"([{"op":"add","path":"/s/0","value":1}])",
             R"([{"op":"add","path":"/n/a","value":1}])",
             R"([{"op":"add","path":"/l/3","value":1}])",
             R"([{"op":"add","path":"/l/00","value":1}])",
             R"([{"op":"add","path":"/l/01","value":1}])",
             R"([{"op":"add","path":"/l/+1","value":1}])",
             R"([{"op":"add","path":"/l/1e0","value":1}])",
             R"([{"op":"add","path":"/l/","value":1}])",
             R"([{"op":"add","path":"/l/x","value":1}])",
             R"([{"op":"add","path":"/l/18446744073709551616","value":1}])",
             R"([{"op":"move","from":"/b","path":"/c"}])",
             R"([{"op":"move","from":"/o","path":"/o/x"}])",
             R"([{"op":"move","from":"","path":"/o"}])",
             R"([{"op":"move","from":"/l/0","path":"/l/0/0/0"}])",
             R"([{"op":"copy","from":"/b","path":"/c"}])",
             R"([{"op":"copy","from":"/a","path":"/s/c"}])",
         }) {
        expect_error(operate(kValue, patch), Errc::conflict, Cause::path);
    }
    // The index is that of the array without what was moved.
    expect(operate("[7,2,[1]]", R"([{"op":"move","from":"/0","path":"/1/0"}])"),
           "[2,[7,1]]");
    expect(operate(kValue, R"([{"op":"test","path":"//","value":5}])"),
           R"({"a":1,"s":"x","n":null,"l":[1,[2]],"":{"":5},"o":{}})");
    expect(operate(kValue, R"([{"op":"move","from":"/a","path":"/a"}])"),
           R"({"a":1,"s":"x","n":null,"l":[1,[2]],"":{"":5},"o":{}})");
}

void test_all_or_nothing(void** /*state*/)
{
    expect_error(operate("[1]", R"([{"op":"add","path":"/-","value":2},
                                    {"op":"test","path":"/0","value":9}])"),
                 Errc::conflict);
    expect(operate("[1]", R"([{"op":"add","path":"/-","value":2},
                              {"op":"test","path":"/1","value":2},
                              {"op":"remove","path":"/0"}])"),
           "[2]");
}

void test_bad_patches(void** /*state*/)
{
    for (const std::string_view patch : {
             "",
             "[",
             "{\"op\":\"add\"}",
             "1",
             "null",
             "[1]",
             "[[]]",
             "[{}]",
             R"([{"op":"add","path":"/a"}])",
             R"([{"op":"add","value":1}])",
             R"([{"path":"/a","value":1}])",
             R"([{"op":"put","path":"/a","value":1}])",
             R"([{"op":"Add","path":"/a","value":1}])",
             R"([{"op":1,"path":"/a","value":1}])",
             R"([{"op":"add","path":1,"value":1}])",
             R"([{"op":"add","path":"a","value":1}])",
             R"([{"op":"add","path":"/~","value":1}])",
             R"([{"op":"add","path":"/\u0000","value":1}])",
             R"([{"op":"add","path":"/~2","value":1}])",
             R"([{"op":"move","path":"/a"}])",
             R"([{"op":"copy","path":"/a","from":null}])",
             R"([{"op":"test","path":"/a"}])",
             R"([{"op":"add","path":99999999999999999999,"value":1}])",
         }) {
        expect_error(operate(R"({"a":1})", patch), Errc::bad_request);
    }
    for (const std::string_view patch :
         {"", "{", "{\"a\":}", "{\"a\":1}x", "'a'", "\"\xFF\"", "01", "1.",
          "[1,]", "\"\\ud800\"", "nul", "1e400", "\"a\nb\"",
          "{\"\\u0000\":1}"}) {
        expect_error(merge("{}", patch), Errc::bad_request);
    }
    for (const std::string_view value : {"", "{", "text", "1e400"}) {
        expect_error(merge(value, "{}"), Errc::conflict);
    }
}

void test_order_of_members(void** /*state*/)
{
    expect(merge(R"({"z":1,"a":2,"m":3})", R"({"b":4,"a":5,"z":6})"),
           R"({"z":6,"a":5,"m":3,"b":4})");
    expect(merge(R"({"z":1,"a":2})", R"({"z":null})"), R"({"a":2})");
    // It has no meaning, though.
    expect(operate(R"({"o":{"a":1,"b":[{"x":1,"y":2}]}})",
                   R"([{"op":"test","path":"/o",
                        "value":{"b":[{"y":2,"x":1}],"a":1}}])"),
           R"({"o":{"a":1,"b":[{"x":1,"y":2}]}})");
    expect_error(operate("[1,2]", R"([{"op":"test","path":"","value":[2,1]}])"),
                 Errc::conflict);
    // The last of one name counts.
    expect(merge(R"({"a":1,"b":2,"a":3})", "{}"), R"({"a":3,"b":2})");
}

void test_numbers_are_kept(void** /*state*/)
{
    for (const std::string_view number : {
             "0",
             "-1",
             "1.5",
             "0.1",
             "-0.25",
             "1.0",
             "100.0",
             "123456789.125",
             "9007199254740991",
             "9007199254740993",
             "9223372036854775807",
             "-9223372036854775808",
             "9223372036854775808",
             "18446744073709551615",
             "18446744073709551616",
             "123456789012345678901234567890",
             "-123456789012345678901",
             "0.1234567890123456789",
             "3.14159265358979323846264338327950288",
             "1e100",
             "1.5e-99",
             "12345678901234567890.5",
             "1e-400", // less than a double can be
         }) {
        const std::string value = "[" + std::string(number) + "]";
        expect(merge("{}", value), value);
        expect(operate(value, "[]"), value);
        const std::string test = R"([{"op":"test","path":"/0","value":)" +
                                 std::string(number) + "}]";
        expect(operate(value, test), value);
    }
}

void test_numbers_in_another_spelling(void** /*state*/)
{
    for (const Case& c : {
             Case{"1.50", "1.5", "1.5"},
             Case{"1.00", "1", "1.0"},
             Case{"1e2", "100", "100.0"},
             Case{"1E+2", "1.0e2", "100.0"},
             Case{"0.000001", "1e-6", "0.000001"},
             Case{"0.0", "-0", "0.0"},
             Case{"-0", "0", "0"},
             Case{"9007199254740993.0", "9007199254740993", "9007199254740993"},
             Case{"0.10000000000000000001e1", "1.0000000000000000001",
                  "1.0000000000000000001"},
             Case{"1.0e100", "10e99", "1e100"},
             Case{"18446744073709551615.0", "18446744073709551615",
                  "18446744073709551615"},
             Case{"0e999999999", "0", "0.0"},
         }) {
        const std::string test =
            R"([{"op":"test","path":"","value":)" + std::string(c.patch) + "}]";
        expect(operate(c.value, test), c.result);
    }
    for (const Case& c : {
             Case{"1", "2", ""},
             Case{"1", "\"1\"", ""},
             Case{"-1", "18446744073709551615", ""},
             Case{"9007199254740992", "9007199254740993", ""},
             Case{"9007199254740992.0", "9007199254740993", ""},
             Case{"18446744073709551615", "18446744073709551616", ""},
             Case{"0.1", "0.1000000000000000000001", ""},
             Case{"1e-400", "0", ""},
             Case{"1e300", "\"1e300\"", ""},
             Case{"true", "1", ""},
             Case{"null", "0", ""},
         }) {
        const std::string test =
            R"([{"op":"test","path":"","value":)" + std::string(c.patch) + "}]";
        expect_error(operate(c.value, test), Errc::conflict);
    }
}

void test_strings_are_kept(void** /*state*/)
{
    constexpr std::string_view kValue =
        R"(["\u0000\u001f\"\\/é😀\u00e9\ud83d\ude00",""])";
    expect(merge("{}", kValue), R"(["\u0000\u001f\"\\/é😀é😀",""])");
    expect(merge(R"({"\u0001é":1})", R"({"\u0001\u00e9":2})"),
           R"({"\u0001é":2})");
}

void test_size(void** /*state*/)
{
    const Patch patch{PatchKind::merge, R"({"a":"0123456789"})"};
    assert_true(bool(apply_patch("{}", patch, 18)));
    expect_error(apply_patch("{}", patch, 17), Errc::limit);

    // Each copy doubles what the one before has made.
    std::string doubling = "[";
    for (int i = 0; i < 60; i++) {
        doubling += i == 0 ? "" : ",";
        doubling += R"({"op":"copy","from":"","path":"/-"})";
    }
    doubling += ']';
    expect_error(operate("[1]", doubling), Errc::limit);

    std::string many = "[";
    for (size_t i = 0; i < kMaxPatchOperations; i++) {
        many += R"({"op":"test","path":"","value":1},)";
    }
    many.back() = ']';
    expect(operate("1", many), "1");
    many.back() = ',';
    many += R"({"op":"test","path":"","value":1}])";
    expect_error(operate("1", many), Errc::limit);
}

std::string nested(size_t depth)
{
    return std::string(depth, '[') + std::string(depth, ']');
}

void test_depth(void** /*state*/)
{
    const std::string deepest = nested(kMaxJsonDepth);
    expect(merge("1", deepest), deepest);
    expect(merge(deepest, "1"), "1");
    for (const size_t depth : {kMaxJsonDepth + 1, size_t{30000}}) {
        expect_error(merge("1", nested(depth)), Errc::limit);
        expect_error(merge(nested(depth), "1"), Errc::limit);
    }

    const std::string half = nested(kMaxJsonDepth / 2);
    std::string path;
    for (size_t i = 0; i < kMaxJsonDepth / 2; i++) {
        path += "/0";
    }
    path.back() = '-';
    for (const std::string op : {"add", "copy"}) {
        std::string patch = "[{\"op\":\"" + op + "\",\"path\":\"" + path;
        patch += "\",\"from\":\"\",\"value\":" + half + "}]";
        expect(operate(half, patch), deepest);
        expect_error(operate("[" + half + "]",
                             "[{\"op\":\"" + op + "\",\"path\":\"/0" + path +
                                 "\",\"from\":\"\",\"value\":" + half + "}]"),
                     Errc::limit);
    }
}

void test_many_members(void** /*state*/)
{
    std::string object = "{";
    std::string removal = "{";
    for (int i = 0; i < 3000; i++) {
        const std::string name = "\"member" + std::to_string(i) + "\":";
        object += name + std::to_string(i) + ',';
        removal += name + "null,";
    }
    object.back() = '}';
    removal.back() = '}';
    expect(merge("{}", object), object);
    expect(merge(object, removal), "{}");
    expect(merge(object, object), object);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_of_the_rfc),
        cmocka_unit_test(test_operations_of_the_rfc),
        cmocka_unit_test(test_operations_on_the_whole_value),
        cmocka_unit_test(test_places_that_are_not_there),
        cmocka_unit_test(test_all_or_nothing),
        cmocka_unit_test(test_bad_patches),
        cmocka_unit_test(test_order_of_members),
        cmocka_unit_test(test_numbers_are_kept),
        cmocka_unit_test(test_numbers_in_another_spelling),
        cmocka_unit_test(test_strings_are_kept),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_many_members),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
