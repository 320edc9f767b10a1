// What a patch costs: as much as it and the value are long together, whatever
// is in them.
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/limits.hpp"
#include "json/patch.hpp"
#include "support/colliding_names.hpp"
#include "support/cpu_time.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr size_t kMaxBytes = 4UL * 1024 * 1024;

double ticks_of(const std::string& value, PatchKind kind,
                const std::string& patch)
{
    return cpu_ticks([&] {
        const auto result = apply_patch(value, {kind, patch}, kMaxBytes);
        if (!result) {
            fail_msg("%s", result.error().message.data());
        }
    });
}

// {"name":1,…}
std::string object_of(const std::vector<std::string>& names)
{
    std::string text = "{";
    for (const std::string& name : names) {
        text += '"' + name + "\":1,";
    }
    text.back() = '}';
    return text;
}

void test_names_that_collide(void** /*state*/)
{
    const auto names = colliding_names(6000);
    for (const std::string& name : names) {
        assert_true(std::hash<std::string_view>()(name) ==
                    std::hash<std::string_view>()(names[0]));
    }
    const std::string colliding = object_of(names);
    const std::string plain = object_of(plain_names(names.size()));
    assert_int_equal(colliding.size(), plain.size());
    // members made, found, and compared
    for (const auto& [kind, before, after] :
         {std::tuple(PatchKind::merge, "", ""),
          std::tuple(PatchKind::operations,
                     R"([{"op":"test","path":"","value":)", "}]")}) {
        const double wanted = ticks_of(plain, kind, before + plain + after);
        const double ticks =
            ticks_of(colliding, kind, before + colliding + after);
        if (ticks > 6 * wanted) {
            fail_msg("%.1f times as much", ticks / wanted);
        }
    }
}

// `count` operations, each of which `operation` makes.
template <class Operation>
std::string patch_of(size_t count, Operation&& operation)
{
    std::string text = "[";
    for (size_t i = 0; i < count; i++) {
        text += operation(i) + ',';
    }
    text.back() = ']';
    return text;
}

// `list` is an array of numbers.
std::string numbers(size_t count)
{
    std::string text = "[";
    for (size_t i = 0; i < count; i++) {
        text += "0,";
    }
    text.back() = ']';
    return text;
}

// All operations that a patch may have cost about what one does: reading and
// writing the value. With a cost of their own in proportion to the value they
// would cost a hundred times as much.
template <class Operation>
void expect_cheap(const std::string& value, Operation&& operation)
{
    const double one =
        ticks_of(value, PatchKind::operations, patch_of(1, operation));
    const double all = ticks_of(value, PatchKind::operations,
                                patch_of(kMaxPatchOperations, operation));
    if (all > 4 * one) {
        fail_msg("%.1f times as much: %s", all / one, operation(0).c_str());
    }
}

constexpr size_t kManyElements = 250'000;

void test_moves_of_a_large_value(void** /*state*/)
{
    const std::string value =
        R"({"a":{"list":)" + numbers(kManyElements) + "}}";
    expect_cheap(value, [](size_t i) {
        return i % 2 == 0 ? std::string(R"({"op":"move","from":"/a",)"
                                        R"("path":"/b"})")
                          : std::string(R"({"op":"move","from":"/b",)"
                                        R"("path":"/a"})");
    });
}

void test_both_ends_of_a_large_array(void** /*state*/)
{
    const std::string value = numbers(kManyElements);
    expect_cheap(value, [](size_t) {
        return std::string(R"({"op":"remove","path":"/0"})");
    });
    expect_cheap(value, [](size_t) {
        return std::string(R"({"op":"add","path":"/0","value":0})");
    });
    expect_cheap(value, [](size_t) {
        return std::string(R"({"op":"move","from":"/0","path":"/-"})");
    });
    expect_cheap(value, [](size_t i) {
        return R"({"op":"add","path":"/)" +
               std::to_string(kManyElements / 2 + i) + R"(","value":0})";
    });
}

// A JSON pointer is undone in one pass.
void test_a_long_pointer(void** /*state*/)
{
    const auto ticks = [](size_t tildes) {
        std::string patch = R"([{"op":"add","value":0,"path":"/)";
        for (size_t i = 0; i < tildes; i++) {
            patch += "~0";
        }
        return ticks_of("{}", PatchKind::operations, patch + "\"}]");
    };
    const double few = ticks(50'000);
    const double many = ticks(200'000);
    if (many > 8 * few) {
        fail_msg("%.1f times as much for four times as long", many / few);
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_names_that_collide),
        cmocka_unit_test(test_moves_of_a_large_value),
        cmocka_unit_test(test_both_ends_of_a_large_array),
        cmocka_unit_test(test_a_long_pointer),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
