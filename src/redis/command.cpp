#include "redis/command.hpp"

#include <charconv>
#include <limits>

namespace ws_pubsub::redis {

namespace {

void append_head(std::string& bytes, char type, size_t number)
{
    char text[std::numeric_limits<size_t>::digits10 + 1];
    const auto end = std::to_chars(text, text + sizeof(text), number).ptr;
    bytes += type;
    bytes.append(text, end);
    bytes += "\r\n";
}

} // namespace

void Command::append_to(std::string& bytes) const
{
    append_head(bytes, '*', words_.size());
    for (const std::string_view word : words_) {
        append_head(bytes, '$', word.size());
        bytes += word;
        bytes += "\r\n";
    }
}

} // namespace ws_pubsub::redis
