// What it costs to write a zone down and to read it again, without nginx: CPU
// seconds, and the longest hold of the lock.
//
//   main [topics [messages of each [bytes of each]]]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include "callgrind/zone.hpp"
#include "readers/snapshot_job.hpp"
#include "topics/snapshot_loader.hpp"

namespace {

using namespace ws_pubsub;

double now_s(clockid_t clock)
{
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) +
           static_cast<double>(now.tv_nsec) / 1e9;
}

// Of the process.
class CpuTime {
public:
    [[nodiscard]] double seconds() const
    {
        return now_s(CLOCK_PROCESS_CPUTIME_ID) - began_;
    }

private:
    double began_ = now_s(CLOCK_PROCESS_CPUTIME_ID);
};

// A zone's memory that notes how long its lock is held.
class TimedMemory final : public MemoryInHeap {
public:
    explicit TimedMemory(size_t bytes) : TimedMemory(std::malloc(bytes), bytes)
    {}
    TimedMemory(const TimedMemory&) = delete;
    TimedMemory& operator=(const TimedMemory&) = delete;
    ~TimedMemory() override { std::free(start_); }

    void* create(size_t table_bytes) override
    {
        return make_heap(start_, bytes_, table_bytes);
    }
    void lock() override { began_ = now_s(CLOCK_MONOTONIC); }
    void unlock() override
    {
        holds_.push_back(now_s(CLOCK_MONOTONIC) - began_);
    }
    void repaired() override {}
    void refused(std::string_view /*why*/) override {}

    std::vector<double> take_holds()
    {
        std::sort(holds_.begin(), holds_.end());
        return std::move(holds_);
    }

private:
    TimedMemory(void* start, size_t bytes)
        : MemoryInHeap(start), start_(start), bytes_(bytes)
    {}

    void* start_;
    size_t bytes_;
    double began_ = 0;
    std::vector<double> holds_;
};

struct TimedZone {
    explicit TimedZone(size_t bytes)
        : memory(bytes), header(Store::create(memory, bytes, {1, 2}, clock)),
          store(memory, waker, *header, clock)
    {}

    TimedMemory memory;
    ws_bench::NoWaker waker;
    ws_bench::FixedClock clock;
    ZoneHeader* header;
    Store store;
};

SnapshotSlot temporary()
{
    std::string path =
        std::filesystem::temp_directory_path() / "ws-pubsub-bench-XXXXXX";
    const int fd = mkstemp(path.data());
    if (fd == -1) {
        std::abort();
    }
    unlink(path.c_str());
    return SnapshotSlot(fd);
}

size_t argument(int count, char** arguments, int i, size_t usual)
{
    return count > i ? std::strtoul(arguments[i], nullptr, 10) : usual;
}

void fill(TimedZone& zone, size_t topics, size_t messages, size_t bytes)
{
    const std::string payload(bytes, 'p');
    for (size_t round = 0; round < messages; round++) {
        for (size_t i = 0; i < topics; i++) {
            const std::string path =
                "bench/" + std::to_string(i % 1000) + '/' + std::to_string(i);
            Change change;
            change.topic = path;
            change.payload = payload;
            change.now_ms = ws_bench::Zone::kNowMs;
            change.policy.history = static_cast<uint32_t>(messages - 1);
            if (!zone.store.topics.publish(change)) {
                std::abort();
            }
        }
    }
    (void)zone.memory.take_holds();
}

void write(TimedZone& zone, SnapshotSlots& slots)
{
    zone.store.snapshots.adopt(slots, {}, Snapshots::Has::it);
    (void)zone.memory.take_holds();
    const CpuTime cpu;
    SnapshotJob job(zone.store.snapshots, slots, true);
    double longest_s = 0;
    SnapshotJob::State state = SnapshotJob::State::more;
    while (state == SnapshotJob::State::more) {
        const double began_s = now_s(CLOCK_MONOTONIC);
        state = job.step();
        longest_s = std::max(longest_s, now_s(CLOCK_MONOTONIC) - began_s);
    }
    if (state != SnapshotJob::State::done) {
        std::abort();
    }
    const auto holds = zone.memory.take_holds();
    std::printf("write: %.2f s CPU, %.1f MB; holds of the lock: %.2f ms in "
                "the median, %.2f at 99 %%, %.2f at most; a turn: %.1f ms at "
                "most\n",
                cpu.seconds(), static_cast<double>(job.bytes()) / 1e6,
                holds[holds.size() / 2] * 1e3,
                holds[holds.size() * 99 / 100] * 1e3, holds.back() * 1e3,
                longest_s * 1e3);
}

void load(TimedZone& zone, const SnapshotSlots& slots)
{
    const CpuTime cpu;
    const auto newest = slots.find_newest();
    const double read_s = cpu.seconds();
    const SnapshotData data(slots[newest.slot], newest.head);
    const auto loaded = zone.store.snapshots.load(data.bytes(), newest.head);
    if (!loaded || !loaded->all_fits()) {
        std::abort();
    }
    std::printf("load: %.2f s CPU, of it %.2f to read the file; %lu topics, "
                "%lu messages\n",
                cpu.seconds(), read_s,
                static_cast<unsigned long>(loaded->topics),
                static_cast<unsigned long>(loaded->messages));
}

} // namespace

int main(int count, char** arguments)
{
    const size_t topics = argument(count, arguments, 1, 1'000'000);
    const size_t messages = argument(count, arguments, 2, 1);
    const size_t bytes = argument(count, arguments, 3, 64);
    const size_t zone_bytes =
        topics * (300 + messages * (150 + bytes)) * 3 / 2 + (8UL << 20);
    SnapshotSlots slots(temporary(), temporary());
    TimedZone from(zone_bytes);
    fill(from, topics, messages, bytes);
    write(from, slots);
    TimedZone to(zone_bytes);
    load(to, slots);
    return 0;
}
