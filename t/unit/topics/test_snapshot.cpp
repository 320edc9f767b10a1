// What is written down of a zone, and what another one becomes by it.
#include <map>
#include <string>
#include <vector>

#include "support/asserts.hpp"
#include "support/zone.hpp"
#include "topics/snapshot_loader.hpp"
#include "topics/snapshot_writer.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr int64_t kHourMs = 60LL * 60 * 1000;

SnapshotWriter writer_of(Zone& zone, std::vector<Position> marks = {})
{
    return {zone.store->topics.parts(), std::move(marks)};
}

std::string saved(Zone& zone, std::vector<Position> marks = {})
{
    std::string text;
    SnapshotWriter writer = writer_of(zone, std::move(marks));
    while (writer.step(text)) {
    }
    return text;
}

std::optional<LoadedSnapshot> load(Zone& zone, std::string_view text,
                                   int64_t away_ms = 0)
{
    auto loaded = SnapshotLoader(zone.store->topics.parts(),
                                 zone.store->revocations, text, away_ms)
                      .load();
    assert_string_equal(zone.fault().c_str(), "");
    return loaded;
}

// Another zone with what that one has.
struct Copy {
    explicit Copy(Zone& from, int64_t away_ms = 0,
                  size_t bytes = kTestZoneBytes)
        : zone(bytes, {7, 8})
    {
        zone.clock.now = from.clock.now + away_ms;
        const auto result = load(zone, saved(from), away_ms);
        assert_true(result.has_value());
        loaded = *result;
    }
    Zone zone;
    LoadedSnapshot loaded;
};

void test_empty(void** state)
{
    Copy copy(state_of<Zone>(state));
    assert_int_equal(copy.loaded.topics, 0);
    assert_true(copy.loaded.all_fits());
}

void test_topics_and_histories(void** state)
{
    Zone& zone = state_of<Zone>(state);
    for (int i = 1; i <= 5; i++) {
        zone.put("hist", std::to_string(i), keeping(3));
    }
    Policy log = keeping(2);
    log.retain = false;
    zone.put("log", "a", log);
    zone.put("log", "b", log);
    zone.put("log", "c", log);
    const Position nothing = zone.put("none", "x", keeping_nothing()).at;
    const Position value = zone.put("value", "y").at;
    zone.put("gone", "z");
    (void)zone.remove("gone");

    Copy copy(zone);
    assert_int_equal(copy.loaded.topics, 4);
    assert_int_equal(copy.loaded.messages, 7);
    assert_true(copy.zone.last("hist", 10) == zone.last("hist", 10));
    assert_string_equal(copy.zone.last("log", 10).c_str(), "2:b 3:c");
    assert_true(copy.zone.store->topics.newest("none") == nothing);
    assert_true(copy.zone.store->topics.newest("value") == value);
    assert_false(copy.zone.exists("gone"));
    assert_true(
        copy.zone
            .ask_after("hist", {zone.store->topics.newest("hist").epoch, 2})
            .found);
    // They go on.
    assert_int_equal(copy.zone.put("hist", "6", keeping(3)).at.seq, 6);
    assert_string_equal(copy.zone.last("hist", 10).c_str(), "3:3 4:4 5:5 6:6");
    assert_true(copy.zone.put("new", "x").at.epoch > value.epoch);
}

void test_what_messages_are(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const std::string payload("\0\xff", 2);
    Change change = Zone::publication("a", payload);
    change.kind = PayloadKind::binary;
    change.content_type = "image/png";
    assert_true(bool(zone.store->topics.publish(change)));
    Copy copy(zone);
    copy.zone.read("a");
    const Message message = copy.zone.batch[0].message;
    assert_true(message.kind == PayloadKind::binary);
    assert_true(message.content_type == "image/png");
    assert_text(message.payload, payload);
    assert_true(message.time_ms == kTestNowMs);
}

void test_time_goes_on(void** state)
{
    Zone& zone = state_of<Zone>(state);
    Policy policy;
    policy.ttl_ms = 60'000;
    zone.put("ttl", "x", policy);
    policy.ttl_ms = 0;
    policy.idle_ms = 60'000;
    zone.put("idle", "x", policy);
    zone.clock.now += 20'000;

    Copy soon(zone, 30'000);
    assert_string_equal(soon.zone.read("ttl").c_str(), "1:x");
    soon.zone.store->expire(soon.zone.clock.ticks_ms());
    assert_true(soon.zone.exists("idle"));
    soon.zone.clock.now += 12'000;
    assert_string_equal(soon.zone.read("ttl").c_str(), "");
    while (soon.zone.store->expire(soon.zone.clock.ticks_ms())) {
    }
    assert_false(soon.zone.exists("idle"));

    Copy late(zone, 41'000);
    assert_string_equal(late.zone.read("ttl").c_str(), "");
}

void test_keys(void** state)
{
    Zone& zone = state_of<Zone>(state);
    Change change = Zone::publication("a", "x");
    change.idempotency_key = "k";
    const auto first = zone.store->topics.publish(change);
    change.key_share = KeyShare::client;
    change.idempotency_key = "c";
    assert_true(bool(zone.store->topics.publish(change)));

    Copy copy(zone, 1000);
    assert_true(copy.zone.store->topics.publish(change)->at.seq == 2);
    change.key_share = KeyShare::application;
    change.idempotency_key = "k";
    const auto again = copy.zone.store->topics.publish(change);
    assert_true(again->at == first->at);
    change.payload = "y";
    assert_true(copy.zone.store->topics.publish(change).error().code ==
                Errc::conflict);
    copy.zone.clock.now += kIdempotencyTtlMs;
    assert_int_equal(copy.zone.store->topics.publish(change)->at.seq, 3);

    Copy late(zone, kIdempotencyTtlMs);
    assert_int_equal(late.zone.store->topics.publish(change)->at.seq, 3);
}

// Its message came when the topic was written already.
void test_key_without_message(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("a", "x");
    std::string text;
    SnapshotWriter writer = writer_of(zone);
    while (text.find("\1a") == std::string::npos) {
        writer.step(text);
    }
    Change change = Zone::publication("a", "y");
    change.idempotency_key = "k";
    assert_int_equal(zone.store->topics.publish(change)->at.seq, 2);
    while (writer.step(text)) {
    }
    Zone copy;
    assert_true(load(copy, text).has_value());
    assert_string_equal(copy.read("a").c_str(), "1:x");
    assert_int_equal(copy.store->topics.publish(change)->at.seq, 2);
}

void test_revocations(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const TokenMark old{TokenMark::number_of("t"), kTestNowMs - 1};
    for (const auto& [of, text] :
         {std::pair{Revocation::Of::user, "ann"}, {Revocation::Of::id, "t"}}) {
        assert_false(
            zone.store->revocations.put({of, text, kTestNowMs}, kHourMs)
                .has_value());
    }
    Copy copy(zone, kHourMs / 2);
    assert_true(copy.zone.store->revocations.cover("ann", old));
    assert_true(copy.zone.store->revocations.cover("bob", old));
    assert_int_equal(copy.zone.store->revocations.list("", 10).size(), 2);
    copy.zone.clock.now += kHourMs / 2;
    assert_true(copy.zone.store->revocations.cover("ann", old));
    copy.zone.clock.now += kHourMs / 2;
    assert_false(copy.zone.store->revocations.cover("ann", old));
}

// That time has passed is what the clock says. Where it was wrong, or is, no
// token may be good again.
void test_revocations_and_a_wrong_clock(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const TokenMark old{0, kTestNowMs - 1};
    zone.store->revocations.put({Revocation::Of::user, "ann", kTestNowMs},
                                kHourMs);
    const std::string text = saved(zone);
    for (const int64_t away_ms : {-60 * 365 * 24 * kHourMs, -kHourMs, kHourMs,
                                  60 * 365 * 24 * kHourMs}) {
        Zone copy;
        copy.clock.step = away_ms;
        assert_int_equal(load(copy, text, away_ms)->others_left_out, 0);
        assert_true(copy.store->revocations.cover("ann", old));
        const auto listed = copy.store->revocations.list("", 10);
        assert_int_equal(listed.size(), 1);
        assert_true(listed[0].ends_ms >= kTestNowMs + kHourMs);
        assert_true(listed[0].ends_ms > copy.clock.now_ms());
        copy.clock.now += kHourMs;
        assert_false(copy.store->revocations.cover("ann", old));
    }
}

// Who reads a topic, or waits for such, keeps it from being idle.
void test_what_is_read_is_not_idle(void** state)
{
    Zone& zone = state_of<Zone>(state);
    constexpr int64_t kIdleMs = 60'000;
    Policy policy;
    policy.idle_ms = kIdleMs;
    for (const char* topic : {"read", "left", "waited/for"}) {
        zone.put(topic, "x", policy);
    }
    const WorkerId worker = zone.attach();
    zone.store->interests.add(worker, "read", 1);
    zone.store->selectors.add(worker, *Selector::parse("waited/**"));
    zone.clock.now += kIdleMs - 1000;
    Copy copy(zone, 2000);
    copy.zone.clock.now += 2000;
    while (copy.zone.store->expire(copy.zone.clock.ticks_ms())) {
    }
    assert_true(copy.zone.exists("read"));
    assert_true(copy.zone.exists("waited/for"));
    assert_false(copy.zone.exists("left"));
    zone.store->workers.detach(worker);
}

// More is kept of a topic than when its first messages were written.
void test_longer_history_amid_a_topic(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const std::string payload(1000, 'p');
    const WorkerId worker = zone.attach(); // does not read: all stay
    zone.put("a", payload, keeping(99));
    zone.store->interests.add(worker, "a", 1);
    for (int i = 0; i < 249; i++) {
        zone.put("a", payload, keeping(99));
    }
    std::string text;
    SnapshotWriter writer = writer_of(zone);
    for (int i = 0; i < 3; i++) {
        writer.step(text);
    }
    zone.put("a", payload, keeping(249));
    while (writer.step(text)) {
    }
    Zone copy;
    const auto loaded = load(copy, text);
    assert_true(loaded.has_value());
    assert_int_equal(writer.written().messages, 100);
    assert_int_equal(loaded->messages, 100);
    assert_int_equal(copy.store->topics.newest("a").seq, 250);
    zone.store->workers.detach(worker);
}

void test_keys_of_topics_that_are_left_out(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const std::string payload(1000, 'p');
    for (int i = 0; i < 50; i++) {
        const std::string topic = "t" + std::to_string(i);
        Change change = Zone::publication(topic, payload);
        change.idempotency_key = topic;
        assert_true(bool(zone.store->topics.publish(change)));
    }
    const std::string text = saved(zone);
    Zone tiny;
    tiny.leave_room(20'000);
    const auto few = load(tiny, text);
    assert_true(few->topics_left_out > 0);
    uint64_t keys = 0;
    for (KeyRecord* key = tiny.header->keys[0].head; key != nullptr;
         key = key->age_next) {
        assert_true(tiny.exists(key->key()));
        keys++;
    }
    assert_int_equal(keys + few->others_left_out, 50);
}

void test_terms_and_forks(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const Position first = zone.put("a", "1", keeping(9)).at;
    zone.put("b", "1");
    zone.store->topics.begin_term(1'000'000);
    zone.put("a", "2", keeping(9));
    Copy copy(zone);
    assert_true(copy.zone.store->topics.newest("a") ==
                zone.store->topics.newest("a"));
    assert_true(copy.zone.store->topics.is_known("a", first));
    assert_false(copy.zone.store->topics.is_known("a", {first.epoch, 2}));
    // Of an older term, still.
    const Position b = zone.store->topics.newest("b");
    assert_true(copy.zone.store->topics.newest("b") == b);
    assert_true(copy.zone.put("b", "2").at.epoch > b.epoch);
    assert_true(copy.zone.store->topics.is_known("b", b));
}

void test_marks_and_totals(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("a", "1");
    zone.put("a", "2");
    Zone copy;
    const auto loaded = load(copy, saved(zone, {{5, 6}, {7, 8}}));
    assert_int_equal(loaded->marks.size(), 2);
    assert_true(loaded->marks[1] == (Position{7, 8}));
    assert_int_equal(copy.store->status().totals.published, 2);
    assert_int_equal(copy.store->status().totals.topics, 1);
}

// What one hold does not write the next ones go on with.
void test_long_history(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const std::string payload(1000, 'p');
    for (int i = 0; i < 300; i++) {
        zone.put("long", payload + std::to_string(i), keeping(250));
    }
    zone.put("next", "x");
    std::string text;
    SnapshotWriter writer = writer_of(zone);
    size_t before = 0;
    while (writer.step(text)) {
        assert_true(text.size() - before <
                    SnapshotWriter::kBytesPerLock + 1100);
        before = text.size();
    }
    Zone copy;
    assert_true(load(copy, text).has_value());
    assert_true(copy.last("long", 300) == zone.last("long", 300));
    assert_true(copy.exists("next"));
}

// Meanwhile it changes in every way: what is written is whole, if shorter.
void test_changes_amid_a_topic(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const std::string payload(1000, 'p');
    for (int i = 0; i < 250; i++) {
        zone.put("a", payload, keeping(250));
    }
    for (int change = 0; change < 4; change++) {
        std::string text;
        SnapshotWriter writer = writer_of(zone);
        for (int i = 0; i < 3; i++) {
            writer.step(text);
        }
        const uint64_t seq = zone.store->topics.newest("a").seq;
        switch (change) {
        case 0:
            zone.put("a", payload, keeping(250));
            break;
        case 1:
            zone.put("a", payload, keeping(100)); // the rest is not kept
            break;
        case 2:
            (void)zone.remove("a");
            break;
        default:
            zone.put("a", "new");
        }
        while (writer.step(text)) {
        }
        Zone copy;
        const auto loaded = load(copy, text);
        assert_true(loaded.has_value());
        assert_int_equal(copy.store->topics.newest("a").seq, seq);
        assert_true(loaded->messages >= 60 || change == 3);
        if (change == 2) {
            for (int i = 0; i < 250; i++) {
                zone.put("a", payload, keeping(250));
            }
        }
    }
}

void test_smaller_zone(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const std::string payload(100, 'p');
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 50; i++) {
            zone.put("t" + std::to_string(i), payload, keeping(30));
            zone.clock.now += 10;
        }
    }
    const std::string text = saved(zone);
    Zone small;
    small.leave_room(80'000);
    const auto loaded = load(small, text);
    assert_true(loaded.has_value());
    assert_int_equal(loaded->topics, 50);
    assert_true(loaded->messages_left_out > 0);
    assert_int_equal(loaded->messages + loaded->messages_left_out, 1000);
    // Of all topics the newest.
    std::map<size_t, int> lengths;
    for (int i = 0; i < 50; i++) {
        small.last("t" + std::to_string(i), 100);
        lengths[small.batch.size()]++;
    }
    assert_true(lengths.size() <= 2);

    Zone tiny;
    tiny.leave_room(5'000);
    const auto few = load(tiny, text);
    assert_true(few->topics > 0 && few->topics_left_out > 0);
    assert_int_equal(few->topics + few->topics_left_out, 50);
    assert_int_equal(few->messages + few->messages_left_out, 1000);
}

// The oldest of all is evicted first, as before.
void test_order_of_eviction(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("z", "1", keeping(9));
    zone.clock.now += 1000;
    zone.put("a", "1", keeping(9));
    zone.put("z", "2", keeping(9));
    zone.put("a", "2", keeping(9));
    Copy copy(zone);
    const Item* first = copy.zone.header->age_head;
    assert_true(first->topic->path() == "z");
    assert_true(first->age_next->topic->path() == "a");
}

// Cut off, or with any byte changed: it is no snapshot, or it is another one.
void test_damaged(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("a", "1", keeping(9));
    zone.put("a", "2", keeping(9));
    Policy timed;
    timed.ttl_ms = kHourMs;
    zone.put("b/c", "3", timed);
    Change change = Zone::publication("b/c", "x");
    change.idempotency_key = "k";
    assert_true(bool(zone.store->topics.publish(change)));
    zone.store->revocations.put({Revocation::Of::user, "ann", kTestNowMs},
                                kHourMs);
    zone.store->topics.begin_term(5000);
    zone.put("a", "3", keeping(9));
    const std::string text = saved(zone);
    for (size_t size = 0; size < text.size(); size++) {
        Zone copy;
        assert_false(load(copy, text.substr(0, size)).has_value());
        assert_int_equal(copy.store->status().totals.topics, 0);
    }
    for (size_t i = 0; i < text.size(); i++) {
        for (const char flipped : {'\1', '\x80', '\xff'}) {
            std::string bad = text;
            bad[i] = static_cast<char>(bad[i] ^ flipped);
            Zone copy;
            (void)load(copy, bad);
        }
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_topics_and_histories, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_what_messages_are, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_time_goes_on, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_keys, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_key_without_message, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_revocations, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_revocations_and_a_wrong_clock,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_what_is_read_is_not_idle,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_longer_history_amid_a_topic,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_keys_of_topics_that_are_left_out,
                                        make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_terms_and_forks, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_marks_and_totals, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_long_history, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_changes_amid_a_topic, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_smaller_zone, make_zone, end_zone),
        cmocka_unit_test_setup_teardown(test_order_of_eviction, make_zone,
                                        end_zone),
        cmocka_unit_test_setup_teardown(test_damaged, make_zone, end_zone),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
