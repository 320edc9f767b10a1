// A zone that is kept in two slots: who writes them, when, and what comes back.
#include <memory>
#include <string>

#include "readers/snapshot_job.hpp"
#include "support/asserts.hpp"
#include "support/temporary_slots.hpp"
#include "support/zone.hpp"
#include "topics/snapshot_loader.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using State = SnapshotJob::State;

// A file, and one zone after the other that is kept in it.
struct Kept {
    Kept() { start(); }

    // As nginx does at its start. What is loaded, as text.
    std::string start()
    {
        zone = std::make_unique<Zone>();
        const auto newest = files.slots().find_newest();
        std::string result = "empty";
        if (newest.state == SlotState::good) {
            const SnapshotData data(files.slots()[newest.slot], newest.head);
            const auto loaded = snapshots().load(data.bytes(), newest.head);
            result = !loaded ? "nothing" : newest.clean ? "clean" : "unclean";
        } else if (newest.state != SlotState::empty) {
            return "bad";
        }
        snapshots().adopt(files.slots(), newest, Snapshots::Has::it);
        if (newest.state == SlotState::good) {
            SnapshotHead head = newest.head;
            head.clean = false;
            head.generation = snapshots().book().generation;
            head.owner = snapshots().book().owner;
            assert_true(files.slots()[newest.slot].write_head(head));
        }
        return result;
    }
    Snapshots& snapshots() { return zone->store->snapshots; }
    State write(bool clean = false)
    {
        return SnapshotJob(snapshots(), files.slots(), clean).run();
    }

    TemporarySlots files;
    std::unique_ptr<Zone> zone;
};

void test_slots_in_turn(void** state)
{
    auto& kept = state_of<Kept>(state);
    for (uint32_t i = 0; i < 4; i++) {
        kept.zone->put("a", std::to_string(i));
        assert_true(kept.write() == State::done);
        const auto newest = kept.files.slots().find_newest();
        assert_int_equal(newest.slot, i % 2);
        assert_int_equal(newest.head.generation, i + 1);
        assert_false(newest.head.clean);
    }
    assert_string_equal(kept.start().c_str(), "unclean");
    assert_string_equal(kept.zone->read("a").c_str(), "4:3");
}

void test_clean_end(void** state)
{
    auto& kept = state_of<Kept>(state);
    const Position at = kept.zone->put("a", "x").at;
    assert_true(kept.write(true) == State::done);
    assert_string_equal(kept.start().c_str(), "clean");
    assert_true(kept.zone->store->status().snapshots.clean);
    assert_true(kept.zone->put("a", "y").at == (Position{at.epoch, 2}));
    // It died at once: what it had published is lost, and is told from new.
    assert_string_equal(kept.start().c_str(), "unclean");
    assert_false(kept.zone->store->status().snapshots.clean);
    const Position after = kept.zone->put("a", "z").at;
    assert_true(after.epoch > at.epoch && after.seq == 2);
    assert_true(kept.zone->store->topics.is_known("a", at));
    assert_false(kept.zone->store->topics.is_known("a", {at.epoch, 2}));
}

void test_failed_writes_cost_no_good_slot(void** state)
{
    auto& kept = state_of<Kept>(state);
    kept.zone->put("a", "x");
    assert_true(kept.write() == State::done);
    kept.zone->put("a", "y");
    for (int i = 0; i < 3; i++) {
        SnapshotSlots broken(SnapshotSlot(dup(kept.files.slots()[0].fd())),
                             SnapshotSlot());
        broken.claim(kept.snapshots().book().owner);
        SnapshotJob failing(kept.snapshots(), broken, false);
        assert_true(failing.step() == State::failed);
        assert_true(kept.snapshots().note_failure() == (i == 0));
        assert_int_equal(kept.files.slots().find_newest().head.generation, 1);
    }
    assert_int_equal(kept.zone->store->status().snapshots.failures, 3);
    SnapshotJob job(kept.snapshots(), kept.files.slots(), false);
    assert_true(job.run() == State::done && job.is_better());
    assert_string_equal(kept.start().c_str(), "unclean");
    assert_string_equal(kept.zone->read("a").c_str(), "2:y");
}

// The one that is damaged is written next, not the one that is good.
void test_damaged_slot_is_written_next(void** state)
{
    auto& kept = state_of<Kept>(state);
    kept.zone->put("a", "x");
    assert_true(kept.write() == State::done);
    kept.zone->put("a", "y");
    assert_true(kept.write() == State::done);
    kept.files.flip(1, SnapshotHead::kBytes + 20);
    assert_string_equal(kept.start().c_str(), "unclean");
    assert_string_equal(kept.zone->read("a").c_str(), "1:x");
    assert_true(kept.write() == State::done);
    const auto newest = kept.files.slots().find_newest();
    assert_int_equal(newest.slot, 1);
    assert_int_equal(newest.head.generation, 4);
}

// A zone that is kept by another nginx, with descriptors of its own.
struct Other {
    explicit Other(const Kept& kept) : slots(kept.files.open_again())
    {
        const auto newest = slots.find_newest();
        if (newest.state == SlotState::good) {
            const SnapshotData data(slots[newest.slot], newest.head);
            zone.store->snapshots.load(data.bytes(), newest.head);
        }
        zone.store->snapshots.adopt(slots, newest, Snapshots::Has::it);
        const SnapshotBook book = zone.store->snapshots.book();
        SnapshotHead head = newest.head;
        head.clean = false;
        head.owner = book.owner;
        head.generation = book.generation;
        assert_true(slots[book.slot].write_head(head));
    }
    State write(bool clean = false)
    {
        return SnapshotJob(zone.store->snapshots, slots, clean).run();
    }

    Zone zone;
    SnapshotSlots slots;
};

void test_another_one_takes_over(void** state)
{
    auto& kept = state_of<Kept>(state);
    kept.zone->put("a", "x");
    assert_true(kept.write() == State::done);
    Other other(kept);
    other.zone.put("a", "y");
    assert_true(kept.write(true) == State::taken_over);
    assert_true(other.write() == State::done);
    assert_true(kept.write(true) == State::taken_over);
    kept.start();
    assert_string_equal(kept.zone->read("a").c_str(), "2:y");
}

// Before anything was written.
void test_another_one_takes_over_early(void** state)
{
    auto& kept = state_of<Kept>(state);
    kept.zone->put("a", "x");
    Other other(kept);
    assert_true(kept.write(true) == State::taken_over);
    other.zone.put("b", "y");
    assert_true(other.write() == State::done);
    assert_true(kept.write(true) == State::taken_over);
    kept.start();
    assert_string_equal(kept.zone->read("b").c_str(), "1:y");
}

// What it wrote is written over, in turn.
void test_another_one_has_ended(void** state)
{
    auto& kept = state_of<Kept>(state);
    kept.zone->put("a", "x");
    assert_true(kept.write() == State::done);
    uint64_t epoch = 0;
    {
        Other other(kept);
        epoch = other.zone.put("new", "y").at.epoch;
        assert_true(other.write() == State::done);
        assert_true(other.write(true) == State::done);
        assert_true(kept.write() == State::taken_over);
    }
    kept.zone->put("a", "z");
    assert_true(kept.write() == State::done);
    assert_int_equal(kept.files.slots().find_newest().head.generation, 4);
    assert_true(kept.zone->put("b", "later").at.epoch > epoch);
    assert_true(kept.write(true) == State::done);
    kept.start();
    assert_string_equal(kept.zone->read("a").c_str(), "2:z");
}

// One that hung meanwhile damages nothing when it goes on.
void test_job_that_hangs(void** state)
{
    auto& kept = state_of<Kept>(state);
    const std::string large(60000, 'x');
    for (int i = 0; i < 40; i++) {
        kept.zone->put("a/" + std::to_string(i), large);
    }
    SnapshotJob hangs(kept.snapshots(), kept.files.slots(), false);
    assert_true(hangs.step() == State::more);
    kept.zone->put("a/1", "later");
    assert_true(kept.write() == State::done);
    assert_true(hangs.step() == State::stale);
    assert_true(kept.files.slots().find_newest().state == SlotState::good);
    // Nor where the one that was begun then died before its end.
    SnapshotJob second(kept.snapshots(), kept.files.slots(), false);
    assert_true(second.step() == State::more);
    assert_true(
        SnapshotJob(kept.snapshots(), kept.files.slots(), false).step() ==
        State::more);
    assert_true(second.step() == State::stale);
}

// As a worker of a configuration that named another file.
void test_job_of_another_file(void** state)
{
    auto& kept = state_of<Kept>(state);
    kept.zone->put("a", "x");
    TemporarySlots before;
    kept.snapshots().adopt(before.slots(), {}, Snapshots::Has::else_);
    assert_true(kept.write() == State::stale);
    assert_true(kept.snapshots().book().due);
    assert_true(SnapshotJob(kept.snapshots(), before.slots(), false).run() ==
                State::done);
    assert_false(kept.snapshots().book().due);
}

void test_whether_it_has_changed(void** state)
{
    auto& kept = state_of<Kept>(state);
    Snapshots& snapshots = kept.snapshots();
    assert_false(snapshots.has_changed());
    Policy policy;
    policy.ttl_ms = 1000;
    kept.zone->put("a", "x", policy);
    assert_true(snapshots.has_changed());
    assert_true(kept.write() == State::done);
    assert_false(snapshots.has_changed());
    kept.zone->clock.now += 3000;
    while (kept.zone->store->expire(kept.zone->clock.ticks_ms())) {
    }
    assert_true(snapshots.has_changed());
    assert_true(kept.write() == State::done);
    kept.zone->store->revocations.put({Revocation::Of::all, "", 5}, 1000);
    assert_true(snapshots.has_changed());
    assert_true(kept.write() == State::done);
    kept.zone->store->revocations.put({Revocation::Of::all, "", 6}, 1000);
    assert_true(snapshots.has_changed());
}

// What did not fit is in the file until there is something else to write.
void test_a_part_is_not_written_at_once(void** state)
{
    auto& kept = state_of<Kept>(state);
    kept.zone->put("a", "x");
    assert_true(kept.write() == State::done);
    kept.zone = std::make_unique<Zone>();
    const auto newest = kept.files.slots().find_newest();
    const SnapshotData data(kept.files.slots()[newest.slot], newest.head);
    assert_true(kept.snapshots().load(data.bytes(), newest.head).has_value());
    kept.snapshots().adopt(kept.files.slots(), newest,
                           Snapshots::Has::it_partly);
    assert_false(kept.snapshots().has_changed());
    kept.zone->put("b", "x");
    assert_true(kept.snapshots().has_changed());
    kept.snapshots().adopt(kept.files.slots(), newest, Snapshots::Has::else_);
    assert_true(kept.snapshots().has_changed());
}

// A time of 1970, or of nowhere, is no reason to fail.
void test_forged_times(void** state)
{
    auto& kept = state_of<Kept>(state);
    kept.zone->put("a", "x");
    assert_true(kept.write() == State::done);
    for (const int64_t written_ms : {INT64_MIN, int64_t{0}, INT64_MAX}) {
        auto newest = kept.files.slots().find_newest();
        newest.head.written_ms = written_ms;
        const SnapshotData data(kept.files.slots()[newest.slot], newest.head);
        Zone zone;
        assert_true(
            zone.store->snapshots.load(data.bytes(), newest.head).has_value());
        assert_string_equal(zone.read("a").c_str(), "1:x");
    }
}

// They bring no bytes, but take their time.
void test_names_that_are_only_subscribed_to(void** /*state*/)
{
    Zone zone(64UL * 1024 * 1024);
    TemporarySlots files;
    const WorkerId worker = zone.attach();
    constexpr int kNames = 20'000;
    for (int i = 0; i < kNames; i++) {
        assert_non_null(
            zone.store->interests.add(worker, "n/" + std::to_string(i), 1)
                .interest);
    }
    zone.store->snapshots.adopt(files.slots(), {}, Snapshots::Has::else_);
    SnapshotJob job(zone.store->snapshots, files.slots(), false);
    int steps = 1;
    while (job.step() == State::more) {
        steps++;
    }
    assert_true(steps >= 3);
    assert_int_equal(job.written().topics, 0);
    zone.store->workers.detach(worker);
}

void test_lease(void** state)
{
    auto& kept = state_of<Kept>(state);
    Zone& zone = *kept.zone;
    const WorkerId first = zone.attach();
    const WorkerId second = zone.attach();
    assert_true(kept.snapshots().lead(first));
    assert_false(kept.snapshots().lead(second));
    assert_true(kept.snapshots().lead(first));
    kept.snapshots().give_up(second);
    assert_false(kept.snapshots().lead(second));
    zone.clock.now += kSnapshotLeaseMs; // it hangs
    assert_true(kept.snapshots().lead(second));
    assert_false(kept.snapshots().lead(first));
    zone.store->workers.detach(second);
    assert_true(kept.snapshots().lead(first));
    zone.store->workers.detach(first);
}

void test_webhook_goes_on(void** state)
{
    auto& kept = state_of<Kept>(state);
    kept.zone->store->courier.restore({{1, 2}, {3, 4}, {5, 6}});
    assert_true(kept.write(true) == State::done);
    kept.start();
    assert_true(kept.snapshots().marks()[2] == (Position{5, 6}));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    constexpr auto make = make_state<Kept>;
    constexpr auto end = destroy_state<Kept>;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_slots_in_turn, make, end),
        cmocka_unit_test_setup_teardown(test_clean_end, make, end),
        cmocka_unit_test_setup_teardown(test_failed_writes_cost_no_good_slot,
                                        make, end),
        cmocka_unit_test_setup_teardown(test_damaged_slot_is_written_next, make,
                                        end),
        cmocka_unit_test_setup_teardown(test_another_one_takes_over, make, end),
        cmocka_unit_test_setup_teardown(test_another_one_takes_over_early, make,
                                        end),
        cmocka_unit_test_setup_teardown(test_another_one_has_ended, make, end),
        cmocka_unit_test_setup_teardown(test_job_that_hangs, make, end),
        cmocka_unit_test_setup_teardown(test_job_of_another_file, make, end),
        cmocka_unit_test_setup_teardown(test_whether_it_has_changed, make, end),
        cmocka_unit_test_setup_teardown(test_a_part_is_not_written_at_once,
                                        make, end),
        cmocka_unit_test_setup_teardown(test_forged_times, make, end),
        cmocka_unit_test(test_names_that_are_only_subscribed_to),
        cmocka_unit_test_setup_teardown(test_lease, make, end),
        cmocka_unit_test_setup_teardown(test_webhook_goes_on, make, end),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
