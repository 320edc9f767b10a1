// Changes to a JSON value: JSON Merge Patch (RFC 7396) and JSON Patch
// (RFC 6902).
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ws_pubsub {

enum class PatchKind : uint8_t {
    merge,      // JSON Merge Patch
    operations, // JSON Patch
};

struct Patch {
    PatchKind kind = PatchKind::merge;
    std::string_view text;
};

// The compact text of `value` after the patch; all of it is applied, or none.
// Members stay in their order, new ones come last. Numbers stay what they are,
// though not always spelled as they were (1.50 is 1.5).
//
// Errors: bad_request, the patch is none; conflict, a test failed or the value
// is not JSON; conflict with Cause::path, a path is not there; limit, the
// result is over `max_bytes`, or the value, the patch or the result is nested
// more than kMaxJsonDepth deep.
Result<std::string> apply_patch(std::string_view value, const Patch& patch,
                                size_t max_bytes);

} // namespace ws_pubsub
