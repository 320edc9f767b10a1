// The topics of the floor server, and what the running turn of its event loop
// has to send when it ends: to each subscriber all of a topic's frames with one
// send, and to each publisher its answers with one.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "floor/topic.hpp"

namespace ws_bench {

class Hub {
public:
    // The topic is what follows the last '/' of the path.
    void subscribe(std::string_view path, Connection& connection);
    void publish(std::string_view path, std::string_view payload);
    void answer_later(Connection& publisher);

    // Slow, and only called when a client leaves.
    void unsubscribe(Connection& connection);

    // Sends all that the turn brought.
    void end_turn();

private:
    struct Hash {
        using is_transparent = void;
        size_t operator()(std::string_view text) const
        {
            return std::hash<std::string_view>()(text);
        }
    };

    Topic& topic(std::string_view path);

    std::unordered_map<std::string, Topic, Hash, std::equal_to<>> topics_;
    std::vector<Topic*> changed_;
    std::vector<Connection*> answering_;
};

} // namespace ws_bench
