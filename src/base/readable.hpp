// Numbers as people read them in a log.
#pragma once

#include <cstdint>
#include <string>

namespace ws_pubsub {

// "4,211"
std::string grouped(uint64_t number);
// "130 MB", "1 KB"; "no" where there is nothing.
std::string size_text(uint64_t bytes);

} // namespace ws_pubsub
