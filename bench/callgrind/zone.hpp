// A zone of one worker in memory of its own: a lock that nobody else wants, and
// wakes that go nowhere.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include "broker/policies.hpp"
#include "broker/publisher.hpp"
#include "readers/store.hpp"
#include "shm/memory_in_heap.hpp"

namespace ws_bench {

class PlainMemory final : public ws_pubsub::MemoryInHeap {
public:
    PlainMemory() : PlainMemory(std::malloc(kZoneBytes)) {}
    PlainMemory(const PlainMemory&) = delete;
    PlainMemory& operator=(const PlainMemory&) = delete;
    ~PlainMemory() override { std::free(start_); }

    void* create(size_t table_bytes) override
    {
        return make_heap(start_, kZoneBytes, table_bytes);
    }
    void lock() override {}
    void unlock() override {}
    void repaired() override {}
    void refused(std::string_view /*why*/) override {}

    static constexpr size_t kZoneBytes = 256UL * 1024 * 1024;

private:
    explicit PlainMemory(void* start) : MemoryInHeap(start), start_(start) {}

    void* start_;
};

class NoWaker final : public ws_pubsub::Waker {
public:
    void wake(size_t /*worker*/, int /*number*/) override {}
};

class FixedClock final : public ws_pubsub::Clock {
public:
    [[nodiscard]] int64_t now_ms() const override { return 1'700'000'000'000; }
    [[nodiscard]] int64_t ticks_ms() const override { return 0; }
};

struct Zone {
    Zone()
        : store(memory, waker,
                *ws_pubsub::Store::create(memory, PlainMemory::kZoneBytes,
                                          {1, 2}, FixedClock()),
                clock)
    {
        worker = *store.workers.attach({1});
    }

    void publish(std::string_view topic, std::string_view payload)
    {
        ws_pubsub::Change publication;
        publication.topic = topic;
        publication.payload = payload;
        publication.now_ms = kNowMs;
        if (!publisher.publish(publication).answer()) {
            std::abort();
        }
    }

    static constexpr int64_t kNowMs = 1'700'000'000'000;

    PlainMemory memory;
    NoWaker waker;
    FixedClock clock;
    ws_pubsub::Store store;
    ws_pubsub::Policies policies;
    ws_pubsub::Publisher publisher{store.topics, policies};
    ws_pubsub::WorkerId worker = 0;
};

inline std::string numbered(std::string_view prefix, size_t number)
{
    return std::string(prefix) + std::to_string(number);
}

} // namespace ws_bench
