// A zone of one worker on the heap: malloc in the place of nginx's slab pool, a
// lock that nobody else wants, and wakes that go nowhere.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include "broker/policies.hpp"
#include "broker/publisher.hpp"
#include "shm/memory.hpp"
#include "shm/store.hpp"

namespace ws_bench {

class PlainMemory final : public ws_pubsub::Memory {
public:
    void* allocate(size_t bytes) override { return std::malloc(bytes); }
    void release(void* block) override { std::free(block); }
    void lock() override {}
    void unlock() override {}
    [[nodiscard]] size_t free_bytes() const override { return kZoneBytes; }
    void repaired() override {}
    void refused() override {}

    static constexpr size_t kZoneBytes = 256UL * 1024 * 1024;
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
