// What ws_pubsub_cluster says of a zone: the log that its changes come from.
#pragma once

#include "ngx/ngx.hpp"

#include <string>
#include <vector>

#include "log/appender.hpp"
#include "redis/server.hpp"

namespace ws_pubsub {

struct ClusterSettings {
    std::vector<redis::Server> servers; // tried in turn
    std::string name;                   // of the log
    AppenderLimits limits;
    uint32_t budget_percent = kDefaultClusterBudget;
    size_t log_bytes = kDefaultClusterLog; // after which a snapshot is stored

    // In postconfiguration: of each server. False: the log says why not.
    bool prepare(ngx_conf_t* cf);
};

} // namespace ws_pubsub
