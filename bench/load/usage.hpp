// What processes have used so far.
#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace ws_bench {

// CPU time of each process, in nanoseconds, of the user and of the kernel. The
// kernel counts its work for a socket where it happens: on a loopback interface
// the sender pays for what the receiver's side does on arrival.
std::vector<int64_t> cpu_ns(const std::vector<pid_t>& pids);
int64_t own_cpu_ns();

// Summed over processes, in bytes.
struct Memory {
    int64_t rss = 0;
    int64_t pss = 0;
    int64_t pss_anon = 0;  // the heap
    int64_t pss_shmem = 0; // the zone
    int64_t slab = 0;      // of the whole kernel: both ends of each socket
};

Memory memory(const std::vector<pid_t>& pids);

} // namespace ws_bench
