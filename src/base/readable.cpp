#include "base/readable.hpp"

namespace ws_pubsub {

std::string grouped(uint64_t number)
{
    std::string text = std::to_string(number);
    for (size_t at = text.size(); at > 3; at -= 3) {
        text.insert(at - 3, 1, ',');
    }
    return text;
}

std::string size_text(uint64_t bytes)
{
    constexpr uint64_t kKilo = 1000;
    constexpr uint64_t kMega = kKilo * kKilo;
    if (bytes == 0) {
        return "no";
    }
    return bytes >= 10 * kMega ? grouped(bytes / kMega) + " MB"
                               : grouped(bytes / kKilo + 1) + " KB";
}

} // namespace ws_pubsub
