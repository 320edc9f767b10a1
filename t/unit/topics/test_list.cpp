// Listing topics: in bytewise order of their paths, page by page.
#include <algorithm>
#include <string>
#include <vector>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

std::string list(Zone& zone, std::string_view selector,
                 std::string_view after = {}, size_t limit = 1000)
{
    std::vector<TopicRow> rows;
    const bool more =
        zone.store->topics.list(*Selector::parse(selector), after, limit, rows);
    std::string text;
    for (const TopicRow& row : rows) {
        text += row.path + ' ';
    }
    return text + (more ? "..." : ".");
}

void test_order(void** state)
{
    Zone& zone = state_of<Zone>(state);
    for (const char* topic :
         {"b", "a/b", "a", "a-b", "a/B", "\xC3\xA4", "a/b/c", "A"}) {
        zone.put(topic, "x");
    }
    assert_text(list(zone, "**"), "A a a-b a/B a/b a/b/c b \xC3\xA4 .");
    assert_text(list(zone, "*"), "A a a-b b \xC3\xA4 .");
    assert_text(list(zone, "a/*"), "a/B a/b .");
    assert_text(list(zone, "a/**"), "a/B a/b a/b/c .");
    assert_text(list(zone, "a"), "a .");
    assert_text(list(zone, "c/**"), ".");
    assert_text(list(zone, "c"), ".");
}

void test_pages(void** state)
{
    Zone& zone = state_of<Zone>(state);
    for (const char* topic : {"a/1", "a/2", "a/3", "b/1"}) {
        zone.put(topic, "x");
    }
    assert_text(list(zone, "a/*", {}, 2), "a/1 a/2 ...");
    assert_text(list(zone, "a/*", "a/2", 2), "a/3 .");
    assert_text(list(zone, "a/*", {}, 3), "a/1 a/2 a/3 .");
    assert_text(list(zone, "a/*", {}, 0), "...");
    // Any text may be the place to go on from.
    assert_text(list(zone, "a/*", "a/1x"), "a/2 a/3 .");
    assert_text(list(zone, "a/*", "a/"), "a/1 a/2 a/3 .");
    assert_text(list(zone, "a/*", "A"), "a/1 a/2 a/3 .");
    assert_text(list(zone, "a/*", "b"), ".");
    assert_text(list(zone, "**", "a/3"), "b/1 .");
}

void test_reserved_topics(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("$sys/a", "x");
    zone.put("a", "x");
    assert_text(list(zone, "**"), "a .");
    assert_text(list(zone, "$sys/*"), "$sys/a .");
}

void test_positions(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("a", "x");
    const Position at = zone.put("a", "y").at;
    std::vector<TopicRow> rows;
    zone.store->topics.list(*Selector::parse("a"), {}, 10, rows);
    assert_int_equal(rows.size(), 1);
    assert_true(rows[0].newest == at);
}

// Topics that were removed, or that somebody only waits for.
void test_absent_topics(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const WorkerId worker = zone.attach();
    zone.store->interests.add(worker, "a", 1);
    zone.store->interests.add(worker, "b", 2);
    zone.put("b", "x");
    assert_text(list(zone, "**"), "b .");
    assert_true(*zone.remove("b"));
    assert_text(list(zone, "**"), ".");
}

// More than one hold of the lock looks at, of which few match.
void test_many(void** state)
{
    Zone& zone = state_of<Zone>(state);
    std::vector<std::string> topics;
    for (int i = 0; i < 3000; i++) {
        topics.push_back("t/" + std::to_string(i) + (i % 100 == 0 ? "/x" : ""));
        zone.put(topics.back(), "x");
    }
    std::string expected;
    std::sort(topics.begin(), topics.end());
    for (const std::string& topic : topics) {
        expected += topic.ends_with("/x") ? topic + ' ' : "";
    }
    assert_text(list(zone, "t/*/x", {}, 5000), expected + ".");

    // Page by page nothing is lost and nothing comes twice.
    std::vector<TopicRow> all;
    std::string after;
    bool more = true;
    while (more) {
        std::vector<TopicRow> rows;
        more = zone.store->topics.list(*Selector::parse("**"), after, 77, rows);
        after = rows.back().path;
        all.insert(all.end(), rows.begin(), rows.end());
    }
    assert_int_equal(all.size(), topics.size());
    for (size_t i = 0; i < all.size(); i++) {
        assert_text(all[i].path, topics[i]);
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_pages, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_reserved_topics, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_positions, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_absent_topics, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_many, make_zone, end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
