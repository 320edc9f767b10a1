// A value and a patch of either kind, with a NUL between them: what comes out
// is JSON, within the limit, and stays as it is from then on.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "json/check.hpp"
#include "json/patch.hpp"

namespace {

constexpr size_t kMaxBytes = 4096;

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

void check(std::string_view value, const ws_pubsub::Patch& patch)
{
    using ws_pubsub::apply_patch;
    using ws_pubsub::PatchKind;
    const auto once = apply_patch(value, patch, kMaxBytes);
    if (!once) {
        require(once.error().code != ws_pubsub::Errc::internal);
        return;
    }
    require(once->size() <= kMaxBytes);
    require(ws_pubsub::is_json(*once));
    const auto same =
        apply_patch(*once, {PatchKind::operations, "[]"}, kMaxBytes);
    require(same && *same == *once);
    if (patch.kind == PatchKind::merge) {
        const auto twice = apply_patch(*once, patch, kMaxBytes);
        require(twice && *twice == *once);
    }
    std::string test = R"([{"op":"test","path":"","value":)";
    test += *once + "}]";
    require(bool(apply_patch(*once, {PatchKind::operations, test}, kMaxBytes)));
}

} // namespace

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using ws_pubsub::PatchKind;
    const std::vector<char> copy(data, data + size);
    const std::string_view text(copy.data(), copy.size());
    const size_t split = text.find('\0');
    if (split == std::string_view::npos) {
        return 0;
    }
    const std::string_view patch = text.substr(split + 1);
    check(text.substr(0, split), {PatchKind::merge, patch});
    check(text.substr(0, split), {PatchKind::operations, patch});
    return 0;
}
