// A host of a zone that follows a log, and entries for it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "log/applier.hpp"
#include "log/log_clock.hpp"
#include "readers/store.hpp"
#include "support/ports.hpp"
#include "support/shared_memory.hpp"

namespace ws_pubsub {

inline constexpr uint64_t kLogStartMs = 1'700'000'000'000;

// An entry as it stands in the log.
struct LoggedEntry {
    LogId id{};
    std::string bytes;
};

// "epoch:seq", or "error.cause".
std::string answer_text(const Result<ChangeAnswer>& result);

// What was answered, by the nonce of the entry.
class RecordingAnswers final : public EntryAnswers {
public:
    void answer(Transaction& tx, const EntryHead& head,
                const Result<ChangeAnswer>& result) override;

    std::map<uint64_t, std::string> texts;
    uint64_t* cell = nullptr; // in the zone: gets a digit more for each answer
};

struct LogHost {
    // `arena_bytes` of memory, with tables as for a zone of `zone_bytes`.
    LogHost(size_t arena_bytes, size_t zone_bytes, const HashKey& key);

    // One hold of the lock.
    Applied step(const LoggedEntry& entry);
    // All that it takes.
    Applied apply(const LoggedEntry& entry);
    Applied apply(const LoggedEntry& entry, Applier& with);

    // All that must be the same on all hosts.
    std::string state();
    std::string fault();

    SharedMemory memory;
    RecordingWaker waker;
    FakeClock host_clock;
    ZoneHeader* header;
    LogClock clock;
    Store store;
    RecordingAnswers answers;
    Applier applier;
};

} // namespace ws_pubsub
