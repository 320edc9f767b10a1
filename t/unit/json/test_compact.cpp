#include <string>

#include "json/compact.hpp"

#include "cmocka.hpp"

using namespace ws_pubsub;

namespace {

void check(std::string_view json, std::string_view compact)
{
    std::string out = "before ";
    append_compact_json(out, json);
    assert_string_equal(out.c_str(),
                        ("before " + std::string(compact)).c_str());
}

void blanks_between_tokens_go(void** /*state*/)
{
    check(" { \"a\" :\t[ 1 ,\r\n 2 ] , \"b\":null } ",
          "{\"a\":[1,2],\"b\":null}");
    check("\n5\n", "5");
    check("[ ]", "[]");
}

void strings_stay(void** /*state*/)
{
    check(R"({ "a b" : " x \" y \\" , "c" : "\\\" " })",
          R"({"a b":" x \" y \\","c":"\\\" "})");
    check(R"("  ")", R"("  ")");
}

void numbers_stay(void** /*state*/)
{
    check("[1.50, 1E5, -0, 123456789012345678901234567890]",
          "[1.50,1E5,-0,123456789012345678901234567890]");
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(blanks_between_tokens_go),
        cmocka_unit_test(strings_stay),
        cmocka_unit_test(numbers_stay),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
