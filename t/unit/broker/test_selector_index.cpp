// SelectorIndex, alone and against a list that asks each selector.
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <set>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "base/topic.hpp"
#include "broker/selector_index.hpp"
#include "support/colliding_names.hpp"
#include "support/cpu_time.hpp"

#include "cmocka.hpp"

namespace {

// Blocks that `new` gave out and that are not deleted yet.
long live_blocks = 0;

} // namespace

void* operator new(size_t size)
{
    void* block = std::malloc(size);
    if (block == nullptr) {
        std::abort();
    }
    ++live_blocks;
    return block;
}

void operator delete(void* block) noexcept
{
    live_blocks -= block != nullptr ? 1 : 0;
    std::free(block);
}

void operator delete(void* block, size_t /*size*/) noexcept
{
    operator delete(block);
}

namespace ws_pubsub {
namespace {

using Entry = std::string; // the text of its selector
using Index = SelectorIndex<Entry>;

Selector selector(std::string_view text)
{
    auto parsed = Selector::parse(text);
    assert_true(parsed.has_value());
    return *std::move(parsed);
}

std::multiset<std::string> matches(const Index& index, std::string_view topic)
{
    std::multiset<std::string> found;
    index.match(topic, [&found](const Entry& entry) { found.insert(entry); });
    return found;
}

void test_empty(void** /*state*/)
{
    Index index;
    assert_int_equal(index.size(), 0);
    assert_true(matches(index, "a/b").empty());
    assert_null(index.find(selector("a")));
    index.remove(selector("a/*/**"));
    assert_int_equal(index.size(), 0);
}

void test_match(void** /*state*/)
{
    Index index;
    std::set<Entry> entries = {"a",    "a/b",   "a/*",     "*/b",    "*",
                               "**",   "a/**",  "a/b/**",  "a/b/c",  "*/*/c",
                               "$s/*", "*/*/*", "$s/**",   "a/*/**", "$s",
                               "x/**", "*/**",  "a/b/c/d", "b"};
    for (const Entry& text : entries) {
        index.add(selector(text), const_cast<Entry*>(&text));
    }
    assert_int_equal(index.size(), entries.size());
    using Found = std::multiset<std::string>;
    assert_true(matches(index, "a") == (Found{"a", "*", "**"}));
    assert_true(matches(index, "a/b") ==
                (Found{"a/b", "a/*", "*/b", "**", "a/**", "*/**"}));
    assert_true(matches(index, "a/b/c") ==
                (Found{"a/b/c", "a/b/**", "*/*/c", "*/*/*", "**", "a/**",
                       "a/*/**", "*/**"}));
    assert_true(matches(index, "$s") == (Found{"$s"}));
    assert_true(matches(index, "$s/b") == (Found{"$s/*", "$s/**"}));
    assert_true(matches(index, "y/$s") == (Found{"**", "*/**"}));
}

void test_find_is_exact(void** /*state*/)
{
    Index index;
    Entry any = "a/*";
    Entry rest = "a/**";
    index.add(selector(any), &any);
    index.add(selector(rest), &rest);
    assert_ptr_equal(index.find(selector("a/*")), &any);
    assert_ptr_equal(index.find(selector("a/**")), &rest);
    assert_null(index.find(selector("a")));
    assert_null(index.find(selector("a/b")));
    assert_null(index.find(selector("**")));
}

void test_add_replaces(void** /*state*/)
{
    Index index;
    Entry one = "1";
    Entry two = "2";
    index.add(selector("a/**"), &one);
    index.add(selector("a/**"), &two);
    assert_int_equal(index.size(), 1);
    assert_ptr_equal(index.find(selector("a/**")), &two);
}

void test_remove(void** /*state*/)
{
    Index index;
    Entry outer = "a";
    Entry inner = "a/b/c";
    Entry rest = "a/b/**";
    index.add(selector(outer), &outer);
    index.add(selector(inner), &inner);
    index.add(selector(rest), &rest);
    index.remove(selector("a/b")); // a branch, not an entry
    assert_int_equal(index.size(), 3);
    index.remove(selector(outer)); // leaves what is below
    assert_int_equal(matches(index, "a/b/c").size(), 2);
    index.remove(selector(inner));
    index.remove(selector(inner));
    assert_int_equal(index.size(), 1);
    assert_true(matches(index, "a/b/c") ==
                std::multiset<std::string>{"a/b/**"});
    index.remove(selector(rest));
    assert_int_equal(index.size(), 0);
    assert_true(matches(index, "a/b/c").empty());
}

void test_empty_branches_go(void** /*state*/)
{
    Index index;
    Entry entry;
    const Selector kept = selector("a/*/b");
    index.add(kept, &entry);
    const long before = live_blocks;
    for (int i = 0; i < 100; ++i) {
        const std::string n = std::to_string(i);
        for (const std::string& text :
             {"a/*/b/*/" + n + "/**", "a/" + n, n + "/*/*/*", "a/*/" + n}) {
            index.add(selector(text), &entry);
            index.remove(selector(text));
        }
    }
    // Nodes that stay may keep a table for children that they once had.
    assert_in_range(live_blocks, before, before + 4);
    assert_ptr_equal(index.find(kept), &entry);
}

// Both ways down at each of as many segments as there may be: the most visits
// that ever wait.
void test_deepest_walk(void** /*state*/)
{
    std::string topic;
    std::set<Entry> entries;
    for (size_t i = 0; i < kMaxTopicSegments; ++i) {
        const std::string before = topic;
        topic += i > 0 ? "/a" : "a";
        entries.insert(before.empty() ? "**" : before + "/**");
        std::string branch = before + (i > 0 ? "/*" : "*");
        for (size_t j = i + 1; j < kMaxTopicSegments; ++j) {
            branch += "/a";
        }
        entries.insert(branch);
    }
    entries.insert(topic);
    Index index;
    for (const Entry& text : entries) {
        index.add(selector(text), const_cast<Entry*>(&text));
    }
    assert_int_equal(matches(index, topic).size(), entries.size());
    assert_int_equal(entries.size(), 2 * kMaxTopicSegments + 1);
}

void test_random_against_a_list(void** /*state*/)
{
    std::minstd_rand random(7);
    const auto below = [&random](unsigned n) {
        return random() % n;
    };
    const auto draw = [&below](bool wild) {
        const char* const words[] = {"a", "b", "c", "$s", "*", "*", "**"};
        std::string text = words[below(wild ? 7 : 4)];
        for (size_t n = below(5); n > 0 && !text.ends_with("**"); --n) {
            text += std::string("/") + words[below(wild ? 7 : 4)];
        }
        return text;
    };
    Index index;
    std::map<std::string, std::unique_ptr<Entry>> list;
    size_t hits = 0;
    for (int round = 0; round < 30000; ++round) {
        const std::string text = draw(true);
        const auto found = list.find(text);
        const Entry* known =
            found == list.end() ? nullptr : found->second.get();
        assert_ptr_equal(index.find(selector(text)), known);
        if (list.size() > below(200)) {
            index.remove(selector(text));
            list.erase(text);
        } else {
            auto entry = std::make_unique<Entry>(text);
            index.add(selector(text), entry.get());
            list[text] = std::move(entry);
        }
        assert_int_equal(index.size(), list.size());
        const std::string topic = draw(false);
        std::multiset<std::string> expected;
        for (const auto& [key, entry] : list) {
            if (selector(key).matches(topic)) {
                expected.insert(key);
            }
        }
        assert_true(matches(index, topic) == expected);
        hits += expected.size();
    }
    assert_true(hits > 30000);
}

// A session's selectors are names that a client has chosen.
void test_segments_that_collide(void** /*state*/)
{
    const auto ticks_of = [](const std::vector<std::string>& names) {
        return cpu_ticks([&] {
            std::vector<Entry> entries;
            for (const std::string& name : names) {
                entries.push_back("a/" + name + "/*");
            }
            Index index;
            for (Entry& entry : entries) {
                index.add(selector(entry), &entry);
            }
            for (Entry& entry : entries) {
                index.remove(selector(entry));
            }
        });
    };
    const double wanted = ticks_of(plain_names(6000));
    const double ticks = ticks_of(colliding_names(6000));
    if (ticks > 6 * wanted) {
        fail_msg("%.1f times as much", ticks / wanted);
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_find_is_exact),
        cmocka_unit_test(test_add_replaces),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_empty_branches_go),
        cmocka_unit_test(test_deepest_walk),
        cmocka_unit_test(test_random_against_a_list),
        cmocka_unit_test(test_segments_that_collide),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
