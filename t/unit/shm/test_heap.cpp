// The heap of a zone: what it gives out is whole and apart from all else, what
// it gets back is there again, and what a transaction undoes never was.
#include <algorithm>
#include <bit>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/asserts.hpp"
#include "support/check_heap.hpp"
#include "support/shared_memory.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// A zone of which nobody but this process knows.
struct Arena {
    explicit Arena(size_t bytes = kTestZoneBytes)
        : memory(bytes),
          header(Store::create(memory, bytes, {1, 2}, FakeClock())),
          store(memory, waker, *header, clock)
    {}

    [[nodiscard]] HeapCheck check() const { return HeapCheck(memory.heap()); }

    SharedMemory memory;
    RecordingWaker waker;
    FakeClock clock;
    ZoneHeader* header;
    Store store;
};

// In which there is no block.
struct EmptyArena : Arena {
    EmptyArena()
    {
        Transaction tx(memory, *header);
        tx.release(header->spare);
        tx.set(header->spare, nullptr);
    }
};

// Blocks that somebody has, each filled with bytes of its own.
class Blocks {
public:
    [[nodiscard]] size_t count() const { return all_.size(); }
    [[nodiscard]] char* block(size_t i) const { return all_[i].start; }

    // False when there is no room.
    bool take(Transaction& tx, size_t bytes)
    {
        auto* start = static_cast<char*>(tx.allocate(bytes));
        if (start == nullptr) {
            return false;
        }
        assert_int_equal(reinterpret_cast<uintptr_t>(start) % 8, 0);
        all_.push_back({start, bytes, marks_ += 37});
        for (size_t i = 0; i < bytes; i++) {
            start[i] = all_.back().byte(i);
        }
        return true;
    }
    void give_back(Transaction& tx, size_t i)
    {
        assert_true(all_[i].is_whole());
        tx.release(all_[i].start);
        all_[i] = all_.back();
        all_.pop_back();
    }
    void give_back_all(Arena& arena, std::minstd_rand& random)
    {
        while (count() > 0) {
            Transaction tx(arena.memory, *arena.header);
            give_back(tx, random() % count());
        }
    }

    // What is wrong with them, or with the heap that they are all of.
    [[nodiscard]] std::string fault(const Arena& arena) const
    {
        const HeapCheck heap = arena.check();
        std::set<const void*> blocks;
        for (const Filled& one : all_) {
            blocks.insert(one.start);
            if (!one.is_whole()) {
                return "a block was written over";
            }
        }
        return !heap.fault().empty()   ? heap.fault()
               : heap.used() == blocks ? ""
                                       : "other blocks are in use";
    }

private:
    struct Filled {
        char* start;
        size_t bytes;
        size_t mark;

        [[nodiscard]] char byte(size_t i) const
        {
            return static_cast<char>(mark + i * 5 + (i >> 8));
        }
        [[nodiscard]] bool is_whole() const
        {
            size_t i = 0;
            while (i < bytes && start[i] == byte(i)) {
                i++;
            }
            return i == bytes;
        }
    };

    std::vector<Filled> all_;
    size_t marks_ = 0;
};

// Small ones as often as large ones.
size_t any_size(std::minstd_rand& random, size_t most)
{
    return random() % ((most >> random() % std::bit_width(most)) + 1);
}

void test_sizes(void** state)
{
    auto& arena = state_of<EmptyArena>(state);
    const HeapCheck before = arena.check();
    assert_int_equal(before.free_blocks(), 1);
    const size_t room = before.largest_free();
    std::vector<size_t> sizes = {room - room / 32, room + 1, kTestZoneBytes,
                                 SIZE_MAX, SIZE_MAX - 7};
    for (size_t power = 1; power != 0; power <<= 1) {
        sizes.insert(sizes.end(), {power - 1, power, power + 1});
    }
    for (const size_t size : sizes) {
        Blocks blocks;
        {
            Transaction tx(arena.memory, *arena.header);
            const bool taken = blocks.take(tx, size);
            if (size <= room - room / 32 || size > room) {
                assert_int_equal(taken, size <= room);
            }
        }
        assert_text(blocks.fault(arena), "");
        std::minstd_rand random;
        blocks.give_back_all(arena, random);
        assert_true(arena.check().image() == before.image());
    }
}

void test_all_small_sizes(void** state)
{
    auto& arena = state_of<EmptyArena>(state);
    const size_t free_bytes = arena.memory.free_bytes();
    for (unsigned order = 1; order <= 3; order++) {
        Blocks blocks;
        for (size_t size = 0; size < 1200; size++) {
            Transaction tx(arena.memory, *arena.header);
            assert_true(blocks.take(tx, size));
        }
        assert_text(blocks.fault(arena), "");
        std::minstd_rand random(order);
        blocks.give_back_all(arena, random);
        assert_text(blocks.fault(arena), "");
        assert_int_equal(arena.check().free_blocks(), 1);
        assert_int_equal(arena.memory.free_bytes(), free_bytes);
    }
}

// Of which some are undone. The heap is full in the end, then empty, and so on.
void test_random_changes(void** state)
{
    auto& arena = state_of<EmptyArena>(state);
    const std::string empty = arena.check().image();
    std::minstd_rand random(1);
    Blocks blocks;
    size_t refused = 0;
    for (size_t n = 0; n < 6000; n++) {
        const bool growing = n / 1000 % 2 == 0;
        const bool undone = random() % 8 == 0;
        const Blocks before = blocks;
        const std::string image = undone ? arena.check().image() : "";
        {
            Transaction tx(arena.memory, *arena.header);
            for (size_t i = random() % 8; i > 0; i--) {
                if (random() % 4 < (growing ? 3 : 1)) {
                    refused += blocks.take(tx, any_size(random, 20000)) ? 0 : 1;
                } else if (blocks.count() > 0) {
                    blocks.give_back(tx, random() % blocks.count());
                }
            }
            if (undone) {
                tx.rollback();
                blocks = before;
                assert_true(arena.check().image() == image);
            }
        }
        if (n % 8 == 0) {
            assert_text(blocks.fault(arena), "");
        }
    }
    assert_true(refused > 100);
    blocks.give_back_all(arena, random);
    assert_text(blocks.fault(arena), "");
    assert_true(arena.check().image() == empty);
}

// Allocations, releases and writes to what others have, of each width.
void test_rollback(void** state)
{
    auto& arena = state_of<EmptyArena>(state);
    std::minstd_rand random(1);
    Blocks blocks;
    for (size_t i = 0; i < 300; i++) {
        Transaction tx(arena.memory, *arena.header);
        blocks.take(tx, 16 + any_size(random, 8000));
    }
    for (size_t i = 0; i < 100; i++) {
        Transaction tx(arena.memory, *arena.header);
        blocks.give_back(tx, random() % blocks.count());
    }
    const std::string image = arena.check().image();
    for (size_t n = 0; n < 500; n++) {
        Transaction tx(arena.memory, *arena.header);
        Blocks others = blocks;
        for (size_t i = random() % 32; i > 0; i--) {
            char* at = others.block(random() % others.count());
            tx.set(*at, static_cast<char>(random()));
            tx.set(reinterpret_cast<uint16_t*>(at)[1],
                   static_cast<uint16_t>(random()));
            tx.set(reinterpret_cast<uint32_t*>(at)[1],
                   static_cast<uint32_t>(random()));
            tx.set(reinterpret_cast<uint64_t*>(at)[1], uint64_t{random()});
            Blocks fresh;
            fresh.take(tx, any_size(random, 16000));
            tx.release(at);
        }
        tx.rollback();
        assert_int_equal(arena.header->undo->count, 0);
        assert_null(arena.header->released);
        assert_true(arena.check().image() == image);
    }
    assert_text(blocks.fault(arena), "");
}

void test_too_little_memory(void** /*state*/)
{
    constexpr size_t kTables = 100;
    const auto bytes = std::make_unique<uint64_t[]>(8192);
    size_t least = 0;
    while (Heap::create(bytes.get(), least, kTables) == nullptr) {
        least++;
    }
    assert_in_range(least, sizeof(Heap) + kTables, sizeof(Heap) + kTables + 64);
    for (size_t size = least; size < least + 64; size++) {
        const Heap* heap = Heap::create(bytes.get(), size, kTables);
        const HeapCheck check(*heap);
        assert_text(check.fault(), "");
        assert_int_equal(check.free_blocks(), 1);
        assert_in_range(heap->free_bytes(), 32, 32 + 64);
    }
    assert_null(Heap::create(bytes.get(), SIZE_MAX, kTables));
    SharedMemory small(64UL * 1024);
    assert_null(Store::create(small, kTestZoneBytes, {1, 2}, FakeClock()));
}

// In a zone full of small blocks, in whatever order four neighbours go.
void test_neighbours_join(void** state)
{
    auto& arena = state_of<EmptyArena>(state);
    constexpr size_t kSmall = 120;
    constexpr size_t kJoint = 4 * kSmall + 3 * 8; // with the heads between
    Transaction tx(arena.memory, *arena.header);
    std::vector<void*> blocks;
    while (void* block = tx.allocate(kSmall)) {
        blocks.push_back(block);
        tx.commit();
    }
    assert_true(blocks.size() > 1000);
    size_t first = 0;
    size_t order[] = {0, 1, 2, 3};
    do {
        for (const size_t i : order) {
            assert_null(tx.allocate(kJoint));
            tx.release(blocks[first + i]);
            tx.commit();
            assert_text(arena.check().fault(), "");
        }
        void* joint = tx.allocate(kJoint);
        assert_ptr_equal(joint, blocks[first]);
        assert_null(tx.allocate(kSmall));
        first += 7;
    } while (std::next_permutation(std::begin(order), std::end(order)));
    assert_int_equal(first, 24 * 7);
}

// Fills a zone with values of random sizes up to `most`; returns their sizes.
std::vector<size_t> fill_with_values(Arena& arena, std::minstd_rand& random,
                                     size_t most)
{
    std::vector<size_t> sizes;
    for (size_t refused = 0; refused < 100;) {
        const size_t size = 16 + random() % (most - 15);
        const std::string topic = "t/" + std::to_string(sizes.size());
        if (arena.store.topics.publish(
                Zone::publication(topic, std::string(size, 'x')))) {
            sizes.push_back(size);
        } else {
            refused++;
        }
    }
    return sizes;
}

// A full zone takes values no larger than those that they replace, in whatever
// pieces the rest of it is.
void test_values_are_replaced(void** /*state*/)
{
    for (const bool shrinking : {true, false}) {
        Arena arena(4 * kTestZoneBytes);
        std::minstd_rand random(1);
        std::vector<size_t> sizes = fill_with_values(arena, random, 30000);
        assert_true(sizes.size() > 100);
        for (size_t n = 0; n < 30000; n++) {
            const size_t i = random() % sizes.size();
            sizes[i] = shrinking ? 16 + random() % (sizes[i] - 15) : sizes[i];
            const auto answer = arena.store.topics.publish(Zone::publication(
                "t/" + std::to_string(i), std::string(sizes[i], 'y')));
            assert_true(bool(answer));
        }
        assert_int_equal(arena.store.status().totals.topics, sizes.size());
        assert_text(arena.check().fault(), "");
    }
}

// All workers have an interest already, and get one more of a new topic.
void test_undo_log_suffices(void** /*state*/)
{
    Arena arena(4 * kTestZoneBytes);
    Policy policy;
    policy.ttl_ms = policy.idle_ms = 60'000;
    policy.retain = false;
    for (size_t i = 0; i < kMaxWorkers; i++) {
        const auto worker =
            arena.store.workers.attach({static_cast<int32_t>(i) + 1});
        arena.store.selectors.set_sessions(
            *arena.store.selectors.add(*worker, *Selector::parse("**")), 1);
    }
    UndoLog& undo = *arena.header->undo;
    size_t most = 0;
    for (size_t n = 0; n < 100; n++) {
        std::fill(std::begin(undo.entries), std::end(undo.entries),
                  UndoEntry{});
        const std::string topic = "t/" + std::to_string(n);
        Change publication = Zone::publication(topic, "x", policy);
        publication.idempotency_key = topic;
        assert_int_equal(arena.store.topics.publish(publication)->subscribers,
                         kMaxWorkers);
        const auto* end = std::find_if(
            std::begin(undo.entries), std::end(undo.entries),
            [](const UndoEntry& entry) { return entry.where == 0; });
        most = std::max<size_t>(
            most, static_cast<size_t>(end - std::begin(undo.entries)));
    }
    print_message("undo entries: %zu of %zu\n", most, kUndoEntries);
    assert_in_range(most, kMaxWorkers * 16, kUndoEntries - kMaxWorkers);
    assert_text(arena.check().fault(), "");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const auto of_arena = [](const char* name, CMUnitTestFunction test) {
        return CMUnitTest{name, test, make_state<EmptyArena>,
                          destroy_state<EmptyArena>, nullptr};
    };
    const CMUnitTest tests[] = {
        of_arena("test_sizes", test_sizes),
        of_arena("test_all_small_sizes", test_all_small_sizes),
        of_arena("test_random_changes", test_random_changes),
        of_arena("test_rollback", test_rollback),
        of_arena("test_neighbours_join", test_neighbours_join),
        cmocka_unit_test(test_too_little_memory),
        cmocka_unit_test(test_values_are_replaced),
        cmocka_unit_test(test_undo_log_suffices),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
