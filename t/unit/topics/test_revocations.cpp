// Revocations: which tokens are no good any more, and until when.
#include <optional>
#include <string>

#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr int64_t kHourMs = 60LL * 60 * 1000;
using Of = Revocation::Of;

// Issued at that time after the tests' beginning.
TokenMark token(std::string_view id, int64_t at_ms = -1)
{
    return {TokenMark::number_of(id), kTestNowMs + at_ms};
}

Revocation revoked(Of of, std::string text, int64_t before_ms = 0)
{
    return {of, std::move(text), kTestNowMs + before_ms};
}

void revoke(Zone& zone, Of of, std::string text, int64_t before_ms = 0)
{
    const auto fault = zone.store->revocations.put(
        revoked(of, std::move(text), before_ms), kHourMs);
    assert_false(fault.has_value());
}

bool covered(Zone& zone, std::string_view user, const TokenMark& mark)
{
    return zone.store->revocations.cover(user, mark);
}

std::string names(Zone& zone, const std::string& after = {}, size_t most = 100)
{
    std::string text;
    for (const ListedRevocation& one :
         zone.store->revocations.list(after, most)) {
        text += one.name() + ' ';
    }
    return text;
}

void test_nobody(void** state)
{
    Zone& zone = state_of<Zone>(state);
    assert_false(covered(zone, "ann", token("1")));
    assert_false(covered(zone, "", {}));
}

void test_user(void** state)
{
    Zone& zone = state_of<Zone>(state);
    revoke(zone, Of::user, "ann");
    assert_true(covered(zone, "ann", token("1")));
    assert_true(covered(zone, "ann", {}));
    assert_false(covered(zone, "ann", token("1", 0)));
    assert_false(covered(zone, "anne", token("1")));
    assert_false(covered(zone, "", token("ann")));
}

void test_id(void** state)
{
    Zone& zone = state_of<Zone>(state);
    revoke(zone, Of::id, "ann");
    assert_true(covered(zone, "", token("ann")));
    assert_true(covered(zone, "bob", token("ann")));
    assert_false(covered(zone, "ann", token("")));
}

void test_all(void** state)
{
    Zone& zone = state_of<Zone>(state);
    revoke(zone, Of::all, "");
    assert_true(covered(zone, "", {}));
    assert_true(covered(zone, "bob", token("1")));
    assert_false(covered(zone, "bob", token("1", 0)));
}

void test_what_a_session_is_told(void** /*state*/)
{
    const Revocation user = revoked(Of::user, "ann");
    assert_true(user.covers("ann", token("")));
    assert_false(user.covers("ann", token("", 0)));
    assert_false(user.covers("bob", token("ann")));
    const Revocation id = revoked(Of::id, "7");
    assert_true(id.covers("ann", token("7")));
    assert_false(id.covers("7", token("8")));
    assert_true(revoked(Of::all, "").covers("", {}));
}

// The later one counts, be it for less.
void test_again(void** state)
{
    Zone& zone = state_of<Zone>(state);
    revoke(zone, Of::user, "ann", 1000);
    revoke(zone, Of::user, "ann", 0);
    assert_false(covered(zone, "ann", token("", 0)));
    assert_int_equal(zone.store->status().revocations, 1);
}

void test_remove(void** state)
{
    Zone& zone = state_of<Zone>(state);
    revoke(zone, Of::user, "ann");
    assert_false(zone.store->revocations.remove(Of::id, "ann"));
    assert_false(zone.store->revocations.remove(Of::all, ""));
    assert_true(zone.store->revocations.remove(Of::user, "ann"));
    assert_false(zone.store->revocations.remove(Of::user, "ann"));
    assert_false(covered(zone, "ann", token("")));
}

void test_time(void** state)
{
    Zone& zone = state_of<Zone>(state);
    revoke(zone, Of::user, "ann");
    revoke(zone, Of::user, "bob", kHourMs); // counts from that time on
    zone.clock.now += kHourMs - 1;
    assert_true(covered(zone, "ann", token("")));
    zone.clock.now++;
    assert_false(covered(zone, "ann", token("")));
    assert_true(covered(zone, "bob", token("")));
    assert_text(names(zone), "1bob ");
    assert_false(zone.store->revocations.remove(Of::user, "ann"));
}

// What is over is freed as time goes by.
void test_freed(void** state)
{
    Zone& zone = state_of<Zone>(state);
    revoke(zone, Of::user, "ann");
    revoke(zone, Of::id, "7", kHourMs);
    zone.clock.now += kHourMs;
    for (size_t i = 0; i < kRevocationBuckets; i++) {
        (void)zone.store->expire(zone.clock.now);
    }
    assert_int_equal(zone.store->status().revocations, 1);
    assert_text(names(zone), "27 ");
}

void test_list(void** state)
{
    Zone& zone = state_of<Zone>(state);
    for (const char* text : {"c", "a", "b"}) {
        revoke(zone, Of::user, text);
        revoke(zone, Of::id, text);
    }
    revoke(zone, Of::all, "");
    assert_text(names(zone), "0 1a 1b 1c 2a 2b 2c ");
    assert_text(names(zone, "0", 2), "1a 1b ");
    assert_text(names(zone, "1b", 3), "1c 2a 2b ");
    assert_text(names(zone, "2c"), "");
    const auto listed = zone.store->revocations.list("0", 1);
    assert_true(listed.front().revocation.before_ms == kTestNowMs);
    assert_true(listed.front().ends_ms == kTestNowMs + kHourMs);
}

void test_too_many(void** state)
{
    Zone& zone = state_of<Zone>(state);
    zone.header->zone_bytes *= 16; // else an 8th of it comes first
    zone.clock.now += 1;
    for (size_t i = 0; i < kMaxRevocations; i++) {
        revoke(zone, Of::user, std::to_string(i), i == 0 ? 0 : kHourMs);
    }
    const Revocation more = revoked(Of::user, "one more", kHourMs);
    const auto fault = zone.store->revocations.put(more, kHourMs);
    assert_true(fault && fault->code == Errc::zone_full);
    assert_false(covered(zone, "one more", token("")));
    revoke(zone, Of::user, "1"); // which is there
    zone.clock.now += kHourMs;   // the first has had its time
    assert_false(zone.store->revocations.put(more, kHourMs).has_value());
    assert_true(covered(zone, "one more", token("")));
}

void test_too_large_a_part(void** state)
{
    Zone& zone = state_of<Zone>(state);
    size_t count = 0;
    while (!zone.store->revocations
                .put(revoked(Of::user,
                             std::string(200, 'x') + std::to_string(count)),
                     kHourMs)
                .has_value()) {
        count++;
    }
    const uint64_t bytes = zone.header->revocations.bytes;
    assert_true(bytes <= kTestZoneBytes / kRevocationsZoneShare);
    assert_true(bytes + 300 > kTestZoneBytes / kRevocationsZoneShare);
}

// As if it had not been put.
void test_taken_back(void** state)
{
    Zone& zone = state_of<Zone>(state);
    ReplacedRevocation replaced;
    const Revocation first = revoked(Of::user, "ann");
    (void)zone.store->revocations.put(first, kHourMs, &replaced);
    zone.store->revocations.take_back(first, replaced);
    assert_text(names(zone), "");
    revoke(zone, Of::user, "ann");
    const Revocation second = revoked(Of::user, "ann", 1000);
    (void)zone.store->revocations.put(second, kHourMs, &replaced);
    zone.store->revocations.take_back(second, replaced);
    assert_false(covered(zone, "ann", token("", 0)));
    // Not what somebody else has put since.
    (void)zone.store->revocations.put(second, kHourMs, &replaced);
    revoke(zone, Of::user, "ann");
    zone.store->revocations.take_back(second, replaced);
    const auto listed = zone.store->revocations.list("", 2);
    assert_int_equal(listed.size(), 1);
    assert_true(listed.front().ends_ms == kTestNowMs + kHourMs);
}

void test_too_long(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const std::string most(kMaxIdentityBytes, 'x');
    revoke(zone, Of::user, most);
    const auto fault =
        zone.store->revocations.put(revoked(Of::user, most + 'x'), kHourMs);
    assert_true(fault && fault->code == Errc::bad_request);
}

// Messages give way.
void test_full_zone(void** state)
{
    Zone& zone = state_of<Zone>(state);
    const std::string payload(1000, 'x');
    zone.leave_room(20 * payload.size());
    while (zone.store->status().totals.evicted == 0) {
        zone.put("a", payload, keeping(100'000));
    }
    zone.memory.set_budget(zone.memory.used_bytes());
    revoke(zone, Of::user, "ann");
    assert_true(covered(zone, "ann", token("")));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_zone, end_zone)
    const CMUnitTest tests[] = {
        TEST(test_nobody),
        TEST(test_user),
        TEST(test_id),
        TEST(test_all),
        TEST(test_again),
        TEST(test_remove),
        TEST(test_time),
        TEST(test_freed),
        TEST(test_list),
        TEST(test_too_many),
        TEST(test_too_large_a_part),
        TEST(test_taken_back),
        TEST(test_too_long),
        TEST(test_full_zone),
        cmocka_unit_test(test_what_a_session_is_told),
    };
#undef TEST
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
