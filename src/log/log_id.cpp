#include "log/log_id.hpp"

#include <charconv>

namespace ws_pubsub {

std::string text_of(const LogId& id)
{
    return std::to_string(id.ms) + "-" + std::to_string(id.number);
}

std::optional<LogId> parse_log_id(std::string_view text)
{
    const char* end = text.data() + text.size();
    LogId id{};
    const auto ms = std::from_chars(text.data(), end, id.ms);
    if (ms.ec != std::errc() || ms.ptr == end || *ms.ptr != '-') {
        return std::nullopt;
    }
    const auto number = std::from_chars(ms.ptr + 1, end, id.number);
    if (number.ec != std::errc() || number.ptr != end) {
        return std::nullopt;
    }
    return id;
}

} // namespace ws_pubsub
