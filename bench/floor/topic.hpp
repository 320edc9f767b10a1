// A topic of the floor server: who listens, and what this turn brought.
#pragma once

#include <string>
#include <vector>

namespace ws_bench {

class Connection;

struct Topic {
    std::vector<Connection*> subscribers;
    std::string frames; // encoded; sent to all at the end of the turn
};

} // namespace ws_bench
