// JsonElements against a vector: the same, however its pieces lie.
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "json/elements.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using Elements = JsonElements<std::string, std::allocator<std::string>>;
using Model = std::vector<std::string>;

void assert_same(Elements& elements, const Model& model)
{
    assert_int_equal(elements.size(), model.size());
    assert_true(elements.empty() == model.empty());
    size_t index = 0;
    for (const std::string& element : elements) {
        assert_true(element == model[index]);
        assert_true(elements[index] == model[index]);
        index++;
    }
    assert_int_equal(index, model.size());
    auto it = elements.end();
    while (it != elements.begin()) {
        --it;
        assert_true(*it == model[--index]);
    }
    assert_int_equal(index, 0);
    assert_true(elements == Elements(model.begin(), model.end()));
}

void test_random_changes(void** /*state*/)
{
    std::mt19937 random(11);
    // Filled and emptied a few times; at both ends, too.
    Elements elements;
    Model model;
    for (const unsigned insertions : {9U, 1U, 7U, 3U, 0U}) {
        for (int i = 0; i < 3000; i++) {
            const size_t end = model.size();
            const size_t places[] = {0, end, random() % (end + 1)};
            const size_t at = places[random() % 3];
            const auto place = model.begin() + static_cast<ptrdiff_t>(at);
            if (random() % 10 < insertions) {
                const std::string text = std::to_string(random());
                model.insert(place, text);
                elements.insert(at, text);
            } else if (at < end) {
                model.erase(place);
                elements.erase(at);
            }
            if (i % 100 == 0) {
                assert_same(elements, model);
            }
        }
        assert_same(elements, model);
    }
}

void test_as_large_and_not_the_same(void** /*state*/)
{
    Model model(1000, "x");
    Elements one(model.begin(), model.end());
    Elements other = one;
    assert_true(one == other);
    other[999] = "y";
    assert_false(one == other);
    other.erase(999);
    assert_false(one == other);
    other.insert(0, "x"); // in other pieces
    assert_true(one == other);
    const Elements moved = std::move(other);
    assert_true(moved == one);
    assert_true(other.empty()); // NOLINT: what is left behind is one, too
    one.clear();
    assert_true(one.empty() && one == Elements());
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_random_changes),
        cmocka_unit_test(test_as_large_and_not_the_same),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
