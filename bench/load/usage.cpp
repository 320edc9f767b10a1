#include "load/usage.hpp"

#include <cerrno>
#include <ctime>
#include <fstream>
#include <map>
#include <string>

#include "shared/clock.hpp"
#include "shared/fail.hpp"

namespace ws_bench {

namespace {

int64_t read_clock(clockid_t clock)
{
    timespec time{};
    if (clock_gettime(clock, &time) != 0) {
        fail("a server's CPU time can't be read");
    }
    return time.tv_sec * kSecond + time.tv_nsec;
}

// The lines `Name: n kB` of a file, in bytes.
std::map<std::string, int64_t> read_sizes(const std::string& path)
{
    std::map<std::string, int64_t> sizes;
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
        const size_t colon = line.find(':');
        if (colon != std::string::npos && line.ends_with(" kB")) {
            sizes[line.substr(0, colon)] =
                1024 * std::strtoll(line.c_str() + colon + 1, nullptr, 10);
        }
    }
    return sizes;
}

} // namespace

std::vector<int64_t> cpu_ns(const std::vector<pid_t>& pids)
{
    std::vector<int64_t> times;
    for (const pid_t pid : pids) {
        clockid_t clock{};
        errno = clock_getcpuclockid(pid, &clock);
        if (errno != 0) {
            fail("a server is gone");
        }
        times.push_back(read_clock(clock));
    }
    return times;
}

int64_t own_cpu_ns()
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

Memory memory(const std::vector<pid_t>& pids)
{
    Memory sum;
    for (const pid_t pid : pids) {
        auto sizes =
            read_sizes("/proc/" + std::to_string(pid) + "/smaps_rollup");
        sum.rss += sizes["Rss"];
        sum.pss += sizes["Pss"];
        sum.pss_anon += sizes["Pss_Anon"];
        sum.pss_shmem += sizes["Pss_Shmem"];
    }
    sum.slab = read_sizes("/proc/meminfo")["Slab"];
    return sum;
}

} // namespace ws_bench
