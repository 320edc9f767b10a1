// A snapshot as anybody may have written it: a zone is filled with it or not,
// and is sound either way; what it has then is written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "readers/store.hpp"
#include "support/check_zone.hpp"
#include "support/heap_memory.hpp"
#include "support/ports.hpp"
#include "topics/snapshot_loader.hpp"
#include "topics/snapshot_writer.hpp"

namespace {

using namespace ws_pubsub;

constexpr size_t kZoneBytes = 64UL * 1024;
constexpr int64_t kAwayMs = 1000;

struct Loaded {
    explicit Loaded(std::string_view text)
        : header(Store::create(memory, kZoneBytes, {1, 2}, clock)),
          store(memory, waker, *header, clock)
    {
        memory.set_budget(memory.used_bytes() + kZoneBytes);
        keep_nothing(*header);
        result = SnapshotLoader(store.topics.parts(), store.revocations, text,
                                kAwayMs)
                     .load();
        if (!ZoneCheck(*header).fault().empty()) {
            std::abort();
        }
    }
    std::string saved()
    {
        std::string text;
        SnapshotWriter writer(store.topics.parts(), {});
        while (writer.step(text)) {
        }
        return text;
    }

    HeapMemory memory;
    RecordingWaker waker;
    FakeClock clock;
    ZoneHeader* header;
    Store store;
    std::optional<LoadedSnapshot> result;
};

} // namespace

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const std::vector<char> copy(data, data + size);
    Loaded first({copy.data(), copy.size()});
    if (!first.result) {
        return 0;
    }
    Loaded second(first.saved());
    if (!second.result || (first.result->all_fits() &&
                           second.result->topics != first.result->topics)) {
        std::abort();
    }
    second.store.expire(second.clock.ticks_ms());
    return 0;
}
