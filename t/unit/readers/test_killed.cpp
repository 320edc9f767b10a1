// A worker that is killed at any moment, also in the middle of a change: the
// next one to take the lock finds the zone as if that change had never begun,
// and all that was finished before.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <random>
#include <string>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/asserts.hpp"
#include "support/check_heap.hpp"
#include "support/shared_memory.hpp"
#include "support/store_ops.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr size_t kArenaBytes = 4UL * 1024 * 1024;
constexpr int kRounds = 300;
constexpr auto kLongest = std::chrono::seconds(8);
constexpr auto kGivesUp = std::chrono::seconds(120);

// A zone that outlives the processes that work on it.
class Shared {
public:
    Shared()
        : memory(kArenaBytes),
          header(Store::create(memory, kTestZoneBytes, {1, 2}, FakeClock())),
          store(memory, waker, *header, clock),
          progress(static_cast<std::atomic<uint64_t>*>(
              mmap(nullptr, sizeof(uint64_t), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0)))
    {}
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() { munmap(static_cast<void*>(progress), sizeof(uint64_t)); }

    // Runs `work` in a process of its own and kills that some time after it
    // has made its first progress.
    template <class Work>
    void kill_amid(Work&& work, unsigned delay_us)
    {
        *progress = 0;
        const pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            work();
            _exit(0);
        }
        while (*progress == 0) {
            usleep(50);
        }
        usleep(delay_us);
        kill(pid, SIGKILL);
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        memory.force_unlock(pid);
    }

    // The zone as the next process finds it.
    std::string fault()
    {
        store.status(); // repairs, as each first taker of the lock does
        return fault_of(*header, memory.heap());
    }

    SharedMemory memory;
    RecordingWaker waker;
    FakeClock clock;
    ZoneHeader* header;
    Store store;
    std::atomic<uint64_t>* progress; // shared
};

bool nobody_is_alive(const ProcessId& /*process*/)
{
    return false;
}

// Rounds until there were enough of them, or it takes too long; while nobody
// was killed amid a change, as on a busy machine, more.
class Rounds {
public:
    bool next(const ZoneHeader& header)
    {
        const auto since = std::chrono::steady_clock::now() - began_;
        return (done_++ < kRounds && since < kLongest) ||
               (header.repairs == 0 && since < kGivesUp);
    }
    unsigned delay_us() { return seed() % 2000; }
    unsigned seed() { return static_cast<unsigned>(random_()); }

private:
    std::minstd_rand random_{1};
    std::chrono::steady_clock::time_point began_ =
        std::chrono::steady_clock::now();
    int done_ = 0;
};

// Everything at full speed, in a zone that is often full.
void test_amid_random_operations(void** state)
{
    Shared& shared = state_of<Shared>(state);
    keep_nothing(*shared.header);
    Rounds rounds;
    while (rounds.next(*shared.header)) {
        const unsigned seed = rounds.seed();
        shared.kill_amid(
            [&] {
                std::minstd_rand random(seed);
                StoreOps ops(shared.store, shared.clock);
                for (;;) {
                    char bytes[16];
                    for (char& byte : bytes) {
                        byte = static_cast<char>(random() >> 8);
                    }
                    std::string_view rest(bytes, sizeof(bytes));
                    ops.step(rest);
                    ++*shared.progress;
                }
            },
            rounds.delay_us());
        const std::string fault = shared.fault();
        if (!fault.empty()) {
            fail_msg("seed %u: %s", seed, fault.c_str());
        }
        shared.store.workers.reap_dead(nobody_is_alive);
        assert_text(shared.fault(), "");
        assert_int_equal(shared.store.status().workers, 0);
    }
    // Some were killed amid a change, or nothing was tested.
    assert_true(shared.header->repairs > 0);
}

// What a publisher was answered is there; what it was not, is whole or not
// there at all.
void test_amid_publishing(void** state)
{
    Shared& shared = state_of<Shared>(state);
    Rounds rounds;
    uint64_t last = 0;
    while (rounds.next(*shared.header)) {
        shared.kill_amid(
            [&] {
                for (;;) {
                    const uint64_t next =
                        shared.store.topics.newest("chat/room").seq + 1;
                    const std::string payload = std::to_string(next);
                    *shared.progress =
                        shared.store.topics
                            .publish(Zone::publication("chat/room", payload,
                                                       keeping(3)))
                            ->at.seq;
                }
            },
            rounds.delay_us());
        ReadFrom from;
        from.kind = ReadFrom::Kind::last;
        from.last = 10;
        Batch batch;
        const Position newest =
            shared.store.topics.read("chat/room", from, {}, batch).newest;
        const uint64_t answered = *shared.progress;
        assert_true(answered > last);
        assert_in_range(newest.seq, answered, answered + 1);
        assert_int_equal(batch.size(), std::min<uint64_t>(newest.seq, 4));
        for (size_t i = 0; i < batch.size(); i++) {
            assert_text(batch[i].message.payload,
                        std::to_string(batch[i].message.at.seq));
        }
        assert_text(shared.fault(), "");
        last = newest.seq;
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_amid_random_operations,
                                        make_state<Shared>,
                                        destroy_state<Shared>),
        cmocka_unit_test_setup_teardown(
            test_amid_publishing, make_state<Shared>, destroy_state<Shared>),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
