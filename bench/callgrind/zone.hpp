// A zone of one worker in memory of its own: a lock that nobody else wants, and
// wakes that go nowhere.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include "broker/policies.hpp"
#include "broker/publisher.hpp"
#include "shm/heap.hpp"
#include "shm/memory.hpp"
#include "shm/store.hpp"

namespace ws_bench {

class PlainMemory final : public ws_pubsub::Memory {
public:
    PlainMemory()
        : start_(std::malloc(kZoneBytes)),
          heap_(static_cast<ws_pubsub::Heap*>(start_))
    {}
    PlainMemory(const PlainMemory&) = delete;
    PlainMemory& operator=(const PlainMemory&) = delete;
    ~PlainMemory() override { std::free(start_); }

    void* create(size_t table_bytes) override
    {
        return ws_pubsub::Heap::create(start_, kZoneBytes, table_bytes)
            ->tables();
    }
    void* allocate(ws_pubsub::Transaction& tx, size_t bytes) override
    {
        return heap_->allocate(tx, bytes);
    }
    void release(ws_pubsub::Transaction& tx, void* block) override
    {
        heap_->release(tx, block);
    }
    void lock() override {}
    void unlock() override {}
    [[nodiscard]] size_t free_bytes() const override
    {
        return heap_->free_bytes();
    }
    void repaired() override {}
    void refused() override {}

    static constexpr size_t kZoneBytes = 256UL * 1024 * 1024;

private:
    void* start_;
    ws_pubsub::Heap* heap_;
};

class NoWaker final : public ws_pubsub::Waker {
public:
    void wake(size_t /*worker*/, int /*wake_fd*/) override {}
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
                                          0x5eed, kNowMs),
                clock)
    {
        store.add_slot(0);
        worker = *store.attach({1});
    }

    void publish(std::string_view topic, std::string_view payload)
    {
        ws_pubsub::Publication publication;
        publication.topic = topic;
        publication.payload = payload;
        publication.now_ms = kNowMs;
        if (!publisher.publish(publication)) {
            std::abort();
        }
    }

    static constexpr int64_t kNowMs = 1'700'000'000'000;

    PlainMemory memory;
    NoWaker waker;
    FixedClock clock;
    ws_pubsub::Store store;
    ws_pubsub::Policies policies;
    ws_pubsub::Publisher publisher{store, policies};
    ws_pubsub::WorkerId worker = 0;
};

inline std::string numbered(std::string_view prefix, size_t number)
{
    return std::string(prefix) + std::to_string(number);
}

} // namespace ws_bench
