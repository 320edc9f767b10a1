// Entries of a log: what is written is read, and what is no entry is refused.
#include <string>

#include "base/limits.hpp"
#include "log/entry.hpp"
#include "support/asserts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr EntryHead kHead{0x0123456789abcdef, 2, 3};

Change publish()
{
    Change change;
    change.topic = "chat/7";
    change.condition = {Condition::Kind::at, {77, 8}};
    change.kind = PayloadKind::json;
    change.content_type = "application/json";
    change.payload = "{\"a\":1}";
    change.policy.retain = false;
    change.policy.history = 100;
    change.policy.ttl_ms = 5000;
    change.policy.idle_ms = kMaxPolicyTimeMs;
    change.idempotency_key = "key";
    change.body_hash = 99;
    change.key_share = KeyShare::client;
    return change;
}

std::vector<EntryBody> bodies()
{
    Change remove;
    remove.op = Change::Op::remove;
    remove.topic = "a/b";
    remove.condition.kind = Condition::Kind::exists;
    return {
        TermEntry{EntryOp::genesis, "lineage", 1UL << 32, {5, 6}, false},
        TermEntry{EntryOp::term, "", 7, {}, true},
        publish(),
        remove,
        TouchEntry{{"a", "b/c"}},
        TouchEntry{},
        HereEntry{4, {{"a", "ann", 2}, {"a", "bob", 0}}},
        AliveEntry{4, "host-a", 1UL << 30, "17-0", 12, 1, true},
    };
}

LogEntry read(std::string_view bytes)
{
    auto entry = decode_entry(bytes);
    assert_true(entry.has_value());
    return *std::move(entry);
}

void test_there_and_back(void** /*state*/)
{
    for (const EntryBody& body : bodies()) {
        const std::string bytes = encode(kHead, body);
        const LogEntry entry = read(bytes);
        assert_true(entry.head == kHead);
        assert_int_equal(entry.body.index(), body.index());
        assert_true(encode(entry.head, entry.body) == bytes);
    }
}

void test_a_publish(void** /*state*/)
{
    const Change wanted = publish();
    const std::string bytes = encode(kHead, wanted);
    const LogEntry entry = read(bytes);
    const Change& change = std::get<Change>(entry.body);
    assert_true(change.op == Change::Op::publish);
    assert_text(change.topic, wanted.topic);
    assert_true(change.condition.kind == Condition::Kind::at);
    assert_true(change.condition.at == wanted.condition.at);
    assert_true(change.kind == PayloadKind::json);
    assert_text(change.content_type, wanted.content_type);
    assert_text(change.payload, wanted.payload);
    assert_false(change.policy.retain);
    assert_int_equal(change.policy.history, 100);
    assert_int_equal(change.policy.ttl_ms, 5000);
    assert_int_equal(change.policy.idle_ms, kMaxPolicyTimeMs);
    assert_text(change.idempotency_key, "key");
    assert_int_equal(change.body_hash, 99);
    assert_true(change.key_share == KeyShare::client);
    // Those of the log.
    assert_int_equal(change.now_ms, 0);
    assert_int_equal(change.ticks_ms, 0);
}

void test_others(void** /*state*/)
{
    const std::string term = encode({}, bodies()[1]);
    const LogEntry forced = read(term);
    assert_true(std::get<TermEntry>(forced.body).op == EntryOp::term);
    assert_true(std::get<TermEntry>(forced.body).forced);
    const std::string genesis = encode({}, bodies()[0]);
    const LogEntry begun = read(genesis);
    const auto& begins = std::get<TermEntry>(begun.body);
    assert_true(begins.op == EntryOp::genesis && !begins.forced);
    assert_text(begins.lineage, "lineage");
    assert_int_equal(begins.body_seed[1], 6);
    const std::string here = encode({}, bodies()[6]);
    const LogEntry people = read(here);
    assert_true(std::get<HereEntry>(people.body).people[1] ==
                (PersonHere{"a", "bob", 0}));
    const std::string alive = encode({}, bodies()[7]);
    const LogEntry leaving = read(alive);
    assert_true(std::get<AliveEntry>(leaving.body).leaving);
    assert_text(std::get<AliveEntry>(leaving.body).position, "17-0");
}

void test_cut_off_or_too_long(void** /*state*/)
{
    for (const EntryBody& body : bodies()) {
        const std::string bytes = encode(kHead, body);
        for (size_t n = 0; n < bytes.size(); n++) {
            assert_false(decode_entry({bytes.data(), n}).has_value());
        }
        assert_false(decode_entry(bytes + '\0').has_value());
    }
}

void test_an_unknown_operation(void** /*state*/)
{
    std::string bytes = encode(kHead, publish());
    for (const char op : {'\0', '\x08', '\xff'}) {
        bytes[0] = op;
        assert_false(decode_entry(bytes).has_value());
    }
}

// What no zone may have.
void test_bad_fields(void** /*state*/)
{
    const auto is_refused = [](auto&& spoil) {
        Change change = publish();
        spoil(change);
        return !decode_entry(encode(kHead, change)).has_value();
    };
    const std::string long_key(kMaxOwnedKeyBytes + 1, 'k');
    const std::string long_type(kMaxContentTypeBytes + 1, 't');
    assert_true(is_refused([](Change& c) { c.topic = ""; }));
    assert_true(is_refused([](Change& c) { c.topic = "a//b"; }));
    assert_true(is_refused([](Change& c) { c.topic = "a/*"; }));
    assert_true(is_refused([](Change& c) { c.policy.ttl_ms = -1; }));
    assert_true(is_refused([](Change& c) { c.policy.ttl_ms = INT64_MAX; }));
    assert_true(is_refused([](Change& c) { c.policy.idle_ms = -1; }));
    assert_true(is_refused([](Change& c) { c.policy.history = UINT32_MAX; }));
    assert_true(is_refused([&](Change& c) { c.idempotency_key = long_key; }));
    assert_true(is_refused([&](Change& c) { c.content_type = long_type; }));
    assert_true(
        is_refused([](Change& c) { c.kind = static_cast<PayloadKind>(3); }));
    assert_true(is_refused(
        [](Change& c) { c.condition.kind = static_cast<Condition::Kind>(4); }));
    const auto is_bad = [](const EntryBody& body) {
        return !decode_entry(encode(kHead, body)).has_value();
    };
    assert_true(is_bad(TouchEntry{{"a", ""}}));
    assert_true(is_bad(HereEntry{1, {{"a", "", 1}}}));
    assert_true(is_bad(HereEntry{1, {{"", "x", 1}}}));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_a_publish),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_cut_off_or_too_long),
        cmocka_unit_test(test_an_unknown_operation),
        cmocka_unit_test(test_bad_fields),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
