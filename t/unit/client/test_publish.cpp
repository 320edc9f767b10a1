// Patches of a value that others change at the same time.
#include <functional>
#include <string>

#include "client/publish.hpp"
#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr size_t kMaxBytes = 1000;

// Another worker, which is at work as soon as the lock is free.
class RacingMemory final : public Memory {
public:
    explicit RacingMemory(Memory& memory) : memory_(memory) {}

    std::function<void()> other;

    void* create(size_t /*table_bytes*/) override { return nullptr; }
    void* allocate(Transaction& tx, size_t bytes) override
    {
        return memory_.allocate(tx, bytes);
    }
    void release(Transaction& tx, void* block) override
    {
        memory_.release(tx, block);
    }
    void lock() override { memory_.lock(); }
    void unlock() override
    {
        memory_.unlock();
        if (other) {
            other();
        }
    }
    [[nodiscard]] size_t free_bytes() const override
    {
        return memory_.free_bytes();
    }
    void repaired() override {}
    void refused(std::string_view /*why*/) override {}

private:
    Memory& memory_;
};

struct Race {
    Zone zone;
    RacingMemory memory{zone.memory};
    Store store{memory, zone.waker, *zone.header, zone.clock};
    Policies policies;
    Publisher publisher{store.topics, policies};
    uint64_t others = 0;
    std::string padding; // of the others' values

    Race() { publish_json(R"({"n":0})"); }

    void publish_json(const std::string& value)
    {
        Change publication = Zone::publication("a", value);
        publication.kind = PayloadKind::json;
        assert_true(bool(zone.store->topics.publish(publication)));
    }
    // Each time that the lock is free, there is another value.
    void begin()
    {
        memory.other = [this] {
            publish_json("{\"n\":" + std::to_string(++others) +
                         (padding.empty() ? "" : ",\"x\":\"" + padding + '"') +
                         '}');
        };
    }
    Result<ChangeAnswer> patch(std::string_view text, std::string_view key = {},
                               const Condition& condition = {})
    {
        Change publication = Zone::publication("a", "");
        publication.idempotency_key = key;
        publication.condition = condition;
        return publish_patch(publisher, publication, {PatchKind::merge, text},
                             kMaxBytes)
            .answer();
    }
    std::string value()
    {
        memory.other = nullptr;
        return zone.read("a");
    }
};

void test_who_loses_all_races_wins_at_last(void** state)
{
    Race& race = state_of<Race>(state);
    race.begin();
    const auto answer = race.patch(R"({"mine":1})");
    assert_true(bool(answer));
    // All that others published before it: it lost that many races.
    assert_int_equal(answer->at.seq, race.others + 1);
    assert_true(race.others > kMaxPatchRaces);
    // The last of the others came after it.
    assert_text(race.value(), std::to_string(race.others + 2) + ":{\"n\":" +
                                  std::to_string(race.others) + '}');
}

// Others would have to wait for it.
void test_no_lock_for_a_large_value(void** state)
{
    Race& race = state_of<Race>(state);
    race.padding = std::string(kMaxLockedPatchBytes, 'x');
    race.begin();
    const auto answer = race.patch(R"({"n":null,"x":null})");
    assert_int_equal(error_of(answer), code_of(Errc::conflict));
    assert_true(answer.error().cause == Cause::other);
    assert_true(race.others > kMaxPatchRaces);
}

// Nor for a large patch of a small one.
void test_no_lock_for_a_large_patch(void** state)
{
    Race& race = state_of<Race>(state);
    race.begin();
    const auto answer =
        race.patch("{\"n\":null}" + std::string(kMaxLockedPatchBytes, ' '));
    assert_int_equal(error_of(answer), code_of(Errc::conflict));
    assert_true(answer.error().cause == Cause::other);
    assert_true(race.others > kMaxPatchRaces);
}

// What is gone through for nothing has a limit, too.
void test_races_for_a_large_value_are_few(void** state)
{
    Race& race = state_of<Race>(state);
    race.padding = std::string(kMaxPatchRaceBytes / 4, 'x');
    race.begin();
    const auto answer = race.patch(R"({"n":null,"x":null})");
    assert_int_equal(error_of(answer), code_of(Errc::conflict));
    assert_true(answer.error().cause == Cause::other);
    // It reads and it publishes.
    assert_true(race.others > 4 && race.others < 16);
}

void test_nothing_changes_on_an_error(void** state)
{
    Race& race = state_of<Race>(state);
    race.begin();
    assert_int_equal(error_of(race.patch("{")), code_of(Errc::bad_request));
    const std::string long_text = '"' + std::string(kMaxBytes, 'x') + '"';
    assert_int_equal(error_of(race.patch("{\"mine\":" + long_text + '}')),
                     code_of(Errc::limit));
    Condition condition;
    condition.kind = Condition::Kind::at;
    condition.at = race.zone.store->topics.newest("a");
    race.publish_json("{}");
    const auto refused = race.patch(R"({"mine":1})", {}, condition);
    assert_int_equal(error_of(refused), code_of(Errc::conflict));
    assert_true(refused.error().cause == Cause::condition);
    assert_true(race.value().find("mine") == std::string::npos);
}

// Another try of the same patch was faster, and the value is gone since.
void test_a_key_is_answered_once(void** state)
{
    Race& race = state_of<Race>(state);
    const auto first = race.patch(R"({"mine":1})", "key");
    assert_true(bool(first));
    race.begin();
    const auto again = race.patch(R"({"mine":1})", "key");
    assert_true(again && again->at == first->at);
    race.memory.other = nullptr;
    assert_true(*race.zone.remove("a"));
    assert_int_equal(error_of(race.patch(R"({"mine":1})", "other")),
                     code_of(Errc::unknown_topic));
}

void test_change_is_made_under_the_lock(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.put("a", "1");
    std::string text;
    const auto answer = zone.store->topics.publish_revised(
        Zone::publication("a", "ignored"),
        [&](const ReadAnswer& read, const Batch& value, Change& made) {
            assert_int_equal(read.newest.seq, 1);
            text = std::string(value[0].message.payload) + '+';
            made.payload = text;
            return std::optional<Error>();
        });
    assert_int_equal(answer->at.seq, 2);
    assert_text(zone.read("a"), "2:1+");
    const auto refused = zone.store->topics.publish_revised(
        Zone::publication("a", "ignored"),
        [](const ReadAnswer&, const Batch&, Change&) {
            return std::optional<Error>(kExpired);
        });
    assert_int_equal(error_of(refused), code_of(Errc::expired));
    assert_text(zone.read("a"), "2:1+");
}

void test_no_owners_key_is_anothers(void** /*state*/)
{
    using Kind = KeyOwner::Kind;
    assert_text(owned_key({Kind::session, "ann"}, ""), "");
    assert_true(owned_key({Kind::session, "ann"}, "k") ==
                owned_key({Kind::session, "ann"}, "k"));
    assert_true(owned_key({Kind::session, "ann"}, "k") !=
                owned_key({Kind::session, "an"}, "nk"));
    assert_true(owned_key({Kind::session, ""}, "k") !=
                owned_key({Kind::http_client, ""}, "k"));
    assert_true(owned_key({Kind::application, ""}, "k") !=
                owned_key({Kind::http_client, ""}, "k"));
    const std::string longest(kMaxIdentityBytes, 'i');
    assert_true(owned_key({Kind::session, longest}, "k") !=
                owned_key({Kind::session, ""}, longest.substr(1) + "k"));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_loses_all_races_wins_at_last,
                                        make_state<Race>, destroy_state<Race>),
        cmocka_unit_test_setup_teardown(test_no_lock_for_a_large_value,
                                        make_state<Race>, destroy_state<Race>),
        cmocka_unit_test_setup_teardown(test_no_lock_for_a_large_patch,
                                        make_state<Race>, destroy_state<Race>),
        cmocka_unit_test_setup_teardown(test_races_for_a_large_value_are_few,
                                        make_state<Race>, destroy_state<Race>),
        cmocka_unit_test_setup_teardown(test_nothing_changes_on_an_error,
                                        make_state<Race>, destroy_state<Race>),
        cmocka_unit_test_setup_teardown(test_a_key_is_answered_once,
                                        make_state<Race>, destroy_state<Race>),
        cmocka_unit_test_setup_teardown(test_change_is_made_under_the_lock,
                                        make_zone, end_zone),
        cmocka_unit_test(test_no_owners_key_is_anothers),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
