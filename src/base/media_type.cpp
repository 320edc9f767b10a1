#include "base/media_type.hpp"

#include <algorithm>

#include "base/equal_fold.hpp"

namespace ws_pubsub {

std::string_view media_type(std::string_view content_type)
{
    std::string_view type = content_type.substr(0, content_type.find(';'));
    while (type.ends_with(' ') || type.ends_with('\t')) {
        type.remove_suffix(1);
    }
    return type;
}

bool is_json_type(std::string_view content_type)
{
    constexpr std::string_view kSuffix = "+json";
    const std::string_view type = media_type(content_type);
    return equal_fold(type, "application/json") ||
           (type.size() >= kSuffix.size() &&
            equal_fold(type.substr(type.size() - kSuffix.size()), kSuffix));
}

bool is_text_type(std::string_view content_type)
{
    constexpr std::string_view kStart = "text/";
    return equal_fold(media_type(content_type).substr(0, kStart.size()),
                      kStart);
}

bool has_control_character(std::string_view content_type)
{
    return std::any_of(
        content_type.begin(), content_type.end(),
        [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7F; });
}

} // namespace ws_pubsub
