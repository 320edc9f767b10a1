// A zone on the heap, for tests of what is in it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "readers/store.hpp"
#include "support/check_zone.hpp"
#include "support/heap_memory.hpp"
#include "support/ports.hpp"

namespace ws_pubsub {

inline constexpr size_t kTestZoneBytes = 1024UL * 1024;
inline constexpr int64_t kTestNowMs = 1'700'000'000'000;

struct Zone {
    explicit Zone(size_t bytes = kTestZoneBytes, const HashKey& key = {1, 2});

    // As one more process would: an object of its own, and a worker's slot.
    WorkerId attach();
    // Empty when the zone is consistent and nothing leaked.
    [[nodiscard]] std::string fault(Unused unused = Unused::forbidden);
    // What the zone may use beyond what it uses now, for whatever it is.
    void leave_room(size_t bytes);

    Result<ChangeAnswer> publish(std::string_view topic,
                                 std::string_view payload, Policy policy = {});
    // The same, where it must succeed.
    ChangeAnswer put(std::string_view topic, std::string_view payload,
                     Policy policy = {});
    Result<bool> remove(std::string_view topic);
    // What publish() above publishes, to be changed before it is.
    static Change publication(std::string_view topic, std::string_view payload,
                              Policy policy = {});
    [[nodiscard]] bool exists(std::string_view topic);
    // "seq:payload seq:payload …", of what `from` asks.
    std::string read(std::string_view topic, const ReadFrom& from = {},
                     ReadLimits limits = {});
    std::string last(std::string_view topic, uint32_t n);
    // The answer alone.
    ReadAnswer ask_after(std::string_view topic, Position after);
    // The next delivery as text, its path or token before it; empty: none.
    std::string inbox(WorkerId worker, size_t max_bytes = SIZE_MAX);

    HeapMemory memory;
    RecordingWaker waker;
    FakeClock clock; // at kTestNowMs
    ZoneHeader* header = nullptr;
    std::unique_ptr<Store> store;
    Delivery delivery; // of the last inbox()
    Batch batch;
};

// A policy that keeps so many messages before the newest.
Policy keeping(uint32_t history);
// One that keeps nothing.
Policy keeping_nothing();

// "seq:payload" of each message, "gone" of each mark, joined by blanks.
std::string batch_text(const Batch& batch);

// Around a test of a zone: makes it; checks and destroys it.
int make_zone(void** state);
int end_zone(void** state);

// Makes a T for a test and destroys it afterwards, whatever the test does.
template <class T>
int make_state(void** state)
{
    *state = new T();
    return 0;
}
template <class T>
int destroy_state(void** state)
{
    delete static_cast<T*>(*state);
    return 0;
}
template <class T>
T& state_of(void** state)
{
    return *static_cast<T*>(*state);
}

} // namespace ws_pubsub
