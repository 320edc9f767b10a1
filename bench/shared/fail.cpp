#include "shared/fail.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace ws_bench {

void fail(std::string_view what)
{
    const int error = errno;
    std::fprintf(stderr, "bench: %.*s%s%s\n", static_cast<int>(what.size()),
                 what.data(), error != 0 ? ": " : "",
                 error != 0 ? std::strerror(error) : "");
    std::exit(1);
}

} // namespace ws_bench
