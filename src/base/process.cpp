#include "base/process.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace ws_pubsub {

namespace {

// Of /proc/pid/stat (see proc(5)): the second field is in parentheses and may
// hold anything, the 22nd is the start.
constexpr int kFieldsAfterName = 20;

uint64_t start_in(std::string_view stat)
{
    const size_t name_end = stat.rfind(')');
    if (name_end == std::string_view::npos) {
        return 0;
    }
    stat.remove_prefix(name_end);
    for (int i = 0; i < kFieldsAfterName; i++) {
        const size_t blank = stat.find(' ');
        if (blank == std::string_view::npos) {
            return 0;
        }
        stat.remove_prefix(blank + 1);
    }
    uint64_t started = 0;
    std::from_chars(stat.data(), stat.data() + stat.size(), started);
    return started;
}

} // namespace

ProcessId process_of(int32_t pid)
{
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd == -1) {
        return {pid, 0};
    }
    std::array<char, 1024> text{};
    const ssize_t size = read(fd, text.data(), text.size());
    close(fd);
    return {pid,
            size <= 0 ? 0 : start_in({text.data(), static_cast<size_t>(size)})};
}

bool is_alive(const ProcessId& process)
{
    // A process that we may not signal is there all the same.
    if (kill(process.pid, 0) == -1 && errno == ESRCH) {
        return false;
    }
    const uint64_t started =
        process.started == 0 ? 0 : process_of(process.pid).started;
    return started == 0 || started == process.started;
}

} // namespace ws_pubsub
