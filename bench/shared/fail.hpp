// How the programs of the bench end when they can't go on.
#pragma once

#include <string_view>

namespace ws_bench {

// Says so on stderr, with errno if that is set, and exits with 1.
[[noreturn]] void fail(std::string_view what);

} // namespace ws_bench
