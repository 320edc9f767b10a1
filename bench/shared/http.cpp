#include "shared/http.hpp"

#include <charconv>

namespace ws_bench {

namespace {

bool starts_with_name(std::string_view line, std::string_view name)
{
    if (line.size() <= name.size() || line[name.size()] != ':') {
        return false;
    }
    for (size_t i = 0; i < name.size(); i++) {
        const char c = line[i];
        if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c) !=
            name[i]) {
            return false;
        }
    }
    return true;
}

} // namespace

std::optional<std::string_view> http_head(std::string_view bytes)
{
    const size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    return bytes.substr(0, end + 4);
}

std::string_view http_header(std::string_view head, std::string_view name)
{
    for (size_t at = head.find("\r\n"); at != std::string_view::npos;
         at = head.find("\r\n", at)) {
        at += 2;
        const std::string_view line = head.substr(at);
        if (!starts_with_name(line, name)) {
            continue;
        }
        std::string_view value = line.substr(name.size() + 1);
        value = value.substr(0, value.find("\r\n"));
        while (value.starts_with(' ')) {
            value.remove_prefix(1);
        }
        return value;
    }
    return {};
}

size_t http_body_bytes(std::string_view head)
{
    const std::string_view text = http_header(head, "content-length");
    size_t bytes = 0;
    std::from_chars(text.data(), text.data() + text.size(), bytes);
    return bytes;
}

} // namespace ws_bench
