// The receiving side of Fossil deltas, as plain as can be.
#pragma once

#include <string>
#include <string_view>

namespace ws_pubsub {

// Appends the text that `delta` makes of `base`. False when it is malformed or
// the checksum is wrong.
bool apply_delta(std::string& out, std::string_view base,
                 std::string_view delta);

} // namespace ws_pubsub
