// Two texts with a NUL between them: the delta from the one to the other makes
// the other, byte for byte; what is no delta is refused.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/fossil_delta.hpp"
#include "base/utf8.hpp"
#include "support/apply_delta.hpp"

namespace {

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

void check(std::string_view base, std::string_view target)
{
    // Of any bytes, also where they are no UTF-8.
    ws_pubsub::DeltaWriter writer;
    std::string delta = "kept";
    writer.append(delta, base, target);
    require(delta.starts_with("kept"));
    delta.erase(0, 4);
    std::string rebuilt;
    require(ws_pubsub::apply_delta(rebuilt, base, delta));
    require(rebuilt == target);
    if (ws_pubsub::is_utf8(base) && ws_pubsub::is_utf8(target)) {
        require(ws_pubsub::is_utf8(delta));
    }
    // The writer has no memory of the texts before.
    std::string again;
    writer.append(again, base, target);
    require(again == delta);
}

} // namespace

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const std::vector<char> copy(data, data + size);
    const std::string_view text(copy.data(), copy.size());
    const size_t split = text.find('\0');
    if (split == std::string_view::npos) {
        return 0;
    }
    const std::string_view base = text.substr(0, split);
    const std::string_view other = text.substr(split + 1);
    check(base, other);
    check(other, base);
    std::string rebuilt;
    (void)ws_pubsub::apply_delta(rebuilt, base, other);
    return 0;
}
