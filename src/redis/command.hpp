// A command for Redis.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace ws_pubsub::redis {

// Its words, which may have any bytes: the first one is its name. A view, for
// the call that it is an argument of.
class Command {
public:
    Command(std::initializer_list<std::string_view> words)
        : words_(words.begin(), words.size())
    {}
    explicit Command(std::span<const std::string_view> words) : words_(words) {}

    // Behind what is there, as an array of strings.
    void append_to(std::string& bytes) const;

private:
    std::span<const std::string_view> words_;
};

} // namespace ws_pubsub::redis
