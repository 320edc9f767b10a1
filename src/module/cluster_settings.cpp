#include "ngx/ngx.hpp"

#include "module/cluster_settings.hpp"

namespace ws_pubsub {

bool ClusterSettings::prepare(ngx_conf_t* cf)
{
    for (redis::Server& server : servers) {
        const std::string error = server.prepare(cf);
        if (!error.empty()) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "ws_pubsub_cluster: %s",
                               error.c_str());
            return false;
        }
    }
    return true;
}

} // namespace ws_pubsub
