// Processes, told apart from later ones that get the same pid.
#pragma once

#include <cstdint>

namespace ws_pubsub {

struct ProcessId {
    int32_t pid = 0;
    uint64_t started = 0; // in the kernel's ticks since the machine booted;
                          // 0: not known, any process of that pid will do

    bool operator==(const ProcessId&) const = default;
};

// The process that has the pid now, by /proc where that tells.
[[nodiscard]] ProcessId process_of(int32_t pid);

// Whether it has not ended. In doubt, as when the process that has the pid
// can't be looked at, it has not.
[[nodiscard]] bool is_alive(const ProcessId& process);

} // namespace ws_pubsub
