// Numbers of messages in a snapshot: cursors go on, but for what may be lost.
#include <string>

#include "support/asserts.hpp"
#include "support/zone.hpp"
#include "topics/forks.hpp"
#include "topics/snapshot_loader.hpp"
#include "topics/snapshot_writer.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr size_t kSomeTopicsBytes = 4096; // that the first ones take

// Another zone, which is filled with what one has; `meanwhile` happens once the
// first topics are written.
struct Copy {
    template <class Meanwhile>
    Copy(Zone& from, Meanwhile&& meanwhile) : zone(kTestZoneBytes, {7, 8})
    {
        std::string text;
        SnapshotWriter writer(from.store->topics.parts(), {});
        bool more = true;
        while (more && text.size() < kSomeTopicsBytes) {
            more = writer.step(text);
        }
        meanwhile();
        while (more) {
            more = writer.step(text);
        }
        auto result = SnapshotLoader(zone.store->topics.parts(),
                                     zone.store->revocations, text, 0)
                          .load();
        assert_true(result.has_value());
        loaded = *result;
        assert_text(zone.fault(), "");
    }
    // As after an unclean end.
    void begin_term()
    {
        Transaction tx(zone.store->topics.parts().access);
        Forks(*zone.header, tx).begin_term(1UL << 32, loaded.numbered_to);
    }

    Zone zone;
    LoadedSnapshot loaded;
};

std::string behind(Zone& zone, std::string_view topic, uint64_t number)
{
    ReadFrom from;
    from.kind = ReadFrom::Kind::number;
    from.number = number;
    return zone.read(topic, from);
}

void test_go_on(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("a", "1", keeping(1));
    zone.put("a", "2", keeping(1));
    zone.put("a", "3", keeping(1));
    zone.put("b", "4");
    zone.put("none", "5", keeping_nothing());
    const Cursor at = zone.store->topics.cursor();
    Copy copy(zone, [] {});
    Topics& topics = copy.zone.store->topics;
    assert_true(topics.cursor() == at);
    assert_text(behind(copy.zone, "a", 1), "2:2 3:3");
    assert_text(behind(copy.zone, "a", 2), "3:3");
    ReadFrom from;
    from.kind = ReadFrom::Kind::number;
    assert_false(topics.read("a", from, {}, copy.zone.batch).found);
    from.number = 4;
    assert_false(topics.read("none", from, {}, copy.zone.batch).found);
    from.number = 5;
    assert_true(topics.read("none", from, {}, copy.zone.batch).found);
    copy.zone.put("b", "6");
    assert_int_equal(topics.cursor().number, 6);
    assert_text(behind(copy.zone, "b", 5), "2:6");
}

// Of two topics one is written with what came meanwhile, and the other one was
// written before that: what was told of it is lost, and its number not.
void test_an_unclean_end(void** state)
{
    Zone& zone = state_of<Zone>(state);
    // Topics enough for a second hold of the lock.
    for (size_t i = 0; i < 2 * SnapshotWriter::kTopicsPerLock; i++) {
        zone.put("a/" + std::to_string(1000 + i), "x");
    }
    zone.put("z", "1", keeping(9));
    const Cursor before = zone.store->topics.cursor();
    Copy copy(zone, [&] {
        zone.put("a/1000", "lost");
        zone.put("z", "2", keeping(9));
    });
    copy.begin_term();
    const Cursor lost = zone.store->topics.cursor();
    Topics& topics = copy.zone.store->topics;
    assert_text(copy.zone.last("z", 9), "1:1 2:2");
    assert_text(copy.zone.last("a/1000", 9), "1:x");
    assert_true(topics.is_known(before));
    assert_false(topics.is_known(lost));
    assert_false(topics.is_known({before.zone, before.number + 1}));
    assert_text(behind(copy.zone, "z", before.number), "2:2");
    // No number is given twice.
    assert_true(topics.cursor().number >= lost.number);
    assert_true(topics.cursor().zone != before.zone);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_go_on, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_an_unclean_end, make_zone,
                                        end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
