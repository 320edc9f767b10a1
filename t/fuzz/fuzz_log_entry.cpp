// Bytes that anybody may have put into a log: what is read as an entry is one,
// and is written as the same bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "log/entry.hpp"

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using namespace ws_pubsub;
    const std::vector<char> copy(data, data + size);
    const std::string_view bytes(copy.data(), copy.size());
    const auto entry = decode_entry(bytes);
    if (!entry) {
        return 0;
    }
    const std::string again = encode(entry->head, entry->body);
    const auto twice = decode_entry(again);
    if (!twice || encode(twice->head, twice->body) != again) {
        std::abort();
    }
    return 0;
}
