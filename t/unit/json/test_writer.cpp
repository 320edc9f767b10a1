// Commas and quotes where they belong.
#include <string>

#include "json/writer.hpp"
#include "support/asserts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

void test_objects_and_arrays(void** /*state*/)
{
    std::string text;
    JsonWriter out(text);
    out.begin_object().name("a").number(1).name("b").string("x\"y");
    out.name("c").begin_array().string("").number(2).boolean(true);
    out.begin_object().end_object().begin_object().name("d").raw("null");
    out.end_object().end_array().name("e").boolean(false).end_object();
    assert_text(
        text, R"({"a":1,"b":"x\"y","c":["",2,true,{},{"d":null}],"e":false})");
}

void test_behind_what_is_there(void** /*state*/)
{
    std::string text = "{}\n";
    JsonWriter(text).begin_array().string("[").string("{").string(":");
    JsonWriter(text).members(append_number, 7U).end_array();
    assert_text(text, "{}\n[\"[\",\"{\",\":\",7]");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_and_arrays),
        cmocka_unit_test(test_behind_what_is_there),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
