// A snapshot whose records are in order, but say what no zone has.
#include <string>
#include <vector>

#include "support/asserts.hpp"
#include "support/zone.hpp"
#include "topics/snapshot_loader.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr int64_t kHourMs = 60LL * 60 * 1000;

SavedItem item_of(std::string_view payload,
                  PayloadKind kind = PayloadKind::text)
{
    return {kTestNowMs, 0, kind, {}, payload};
}

// A snapshot that is made by hand, and what becomes of it.
class Forged {
public:
    Forged() { RecordWriter(text_, SavedKind::zone).add(SavedZone{}); }

    // Of a topic that has so many messages before it, and these, the newest
    // first.
    void topic(std::string_view path, const std::vector<SavedItem>& items,
               bool retain, uint32_t keep, uint64_t seq = 100)
    {
        SavedTopic topic;
        topic.path = path;
        topic.life = ++life_;
        topic.at = {life_, seq};
        topic.retain = retain;
        topic.keep = keep;
        RecordWriter record(text_, SavedKind::topic);
        record.add(topic);
        for (const SavedItem& item : items) {
            record.add(item);
        }
        end_.topics++;
        end_.messages += items.size();
    }
    void items(const std::vector<SavedItem>& items)
    {
        RecordWriter record(text_, SavedKind::items);
        for (const SavedItem& item : items) {
            record.add(item);
        }
        end_.messages += items.size();
    }
    void revocation(std::string_view user, int64_t ends_ms)
    {
        RecordWriter(text_, SavedKind::revocation)
            .add(SavedRevocation{Revocation::Of::user, user, kTestNowMs,
                                 ends_ms, kHourMs});
    }
    void key(std::string_view text, uint64_t life, uint64_t seq)
    {
        RecordWriter(text_, SavedKind::key)
            .add(SavedKey{KeyShare::application, text, 1, life, seq, 1, 0,
                          1000});
    }
    std::optional<LoadedSnapshot> load(Zone& zone)
    {
        RecordWriter(text_, SavedKind::end).add(end_);
        auto loaded = SnapshotLoader(zone.store->topics.parts(),
                                     zone.store->revocations, text_, 0)
                          .load();
        assert_string_equal(zone.fault().c_str(), "");
        return loaded;
    }

private:
    std::string text_;
    uint64_t life_ = 0;
    SavedEnd end_;
};

// A policy that became longer while it was written.
void test_more_than_is_kept(void** state)
{
    auto& zone = state_of<Zone>(state);
    Forged forged;
    forged.topic("a", {item_of("5"), item_of("4"), item_of("3")}, true, 2);
    forged.items({item_of("2"), item_of("1")});
    forged.topic("b", {item_of("2"), item_of("1"), item_of("0")}, false, 9, 2);
    const auto loaded = forged.load(zone);
    assert_true(loaded.has_value());
    assert_true(loaded->all_fits());
    assert_int_equal(loaded->messages, 4);
    assert_string_equal(zone.last("a", 9).c_str(), "99:4 100:5");
    assert_string_equal(zone.last("b", 9).c_str(), "1:1 2:2");
}

void test_a_value_that_is_not_kept(void** state)
{
    auto& zone = state_of<Zone>(state);
    Forged forged;
    forged.topic("a", {item_of("x")}, true, 0);
    assert_int_equal(forged.load(zone)->topics_left_out, 1);
    assert_false(zone.exists("a"));
}

// What a message can't be: it is left out, and what is older in its topic; a
// topic without its value is, too.
void test_messages(void** state)
{
    SavedItem type = item_of("type");
    type.content_type = "text/plain\r\nSet-Cookie: a=b";
    SavedItem early = item_of("early");
    early.time_ms = -1;
    SavedItem late = item_of("late");
    late.time_ms = INT64_MAX;
    for (const SavedItem& bad :
         {type, early, late, item_of("\xff"), item_of("\xc3"),
          item_of("{", PayloadKind::json), item_of("", PayloadKind::json),
          item_of("1 2", PayloadKind::json),
          item_of("\"\xff\"", PayloadKind::json),
          item_of("[\"a\nb\"]", PayloadKind::json)}) {
        Zone zone;
        Forged forged;
        forged.topic("history", {item_of("3"), bad, item_of("1")}, true, 9);
        forged.items({item_of("0")});
        forged.topic("value", {bad, item_of("1")}, true, 9);
        const auto loaded = forged.load(zone);
        assert_true(loaded.has_value());
        assert_int_equal(loaded->topics, 1);
        assert_int_equal(loaded->topics_left_out, 1);
        assert_int_equal(loaded->messages, 1);
        assert_int_equal(loaded->messages_left_out, 5);
        assert_string_equal(zone.last("history", 9).c_str(), "100:3");
        assert_false(zone.exists("value"));
    }
    Zone& zone = state_of<Zone>(state);
    Forged forged;
    forged.topic("a",
                 {item_of("[1, \"\xc3\xa4\"]", PayloadKind::json),
                  item_of("\xff", PayloadKind::binary), item_of("\xc3\xa4"),
                  item_of("")},
                 true, 9);
    assert_int_equal(forged.load(zone)->messages, 4);
}

// What is listed as JSON.
void test_revocations(void** state)
{
    auto& zone = state_of<Zone>(state);
    Forged forged;
    forged.revocation("ann", kTestNowMs + kHourMs);
    forged.revocation("\xff", kTestNowMs + kHourMs);
    forged.revocation("bob", INT64_MIN);
    const auto loaded = forged.load(zone);
    assert_int_equal(loaded->others_left_out, 1);
    const auto listed = zone.store->revocations.list("", 10);
    assert_int_equal(listed.size(), 2);
    for (const ListedRevocation& revocation : listed) {
        assert_int_equal(revocation.ends_ms, kTestNowMs + kHourMs);
    }
}

void test_keys(void** state)
{
    auto& zone = state_of<Zone>(state);
    Forged forged;
    forged.topic("a", {item_of("x")}, true, 1);
    forged.key("k", 1, 100);
    forged.key("nothing", 1, 0);
    forged.key("later", 1, 101);
    forged.key("elsewhere", 5, 1);
    assert_true(forged.load(zone).has_value());
    assert_int_equal(zone.header->keys[0].head != nullptr, 1);
    assert_null(zone.header->keys[0].head->age_next);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_more_than_is_kept, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_a_value_that_is_not_kept,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_messages, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_revocations, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_keys, make_zone, end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
