// A configured zone: its shared memory, and the policies of its topics.
//
// The configuration owns one for each name. A zone's memory survives reloads;
// each worker opens it through a Store of its own (module/worker.hpp).
#pragma once

#include "ngx/ngx.hpp"

#include <string>
#include <string_view>

#include "broker/policies.hpp"
#include "readers/layout.hpp"

namespace ws_pubsub {

class Zone {
public:
    explicit Zone(std::string_view name) : name_(name) {}

    // "name:size" and the shares of a ws_pubsub_zone directive. NGX_CONF_OK, or
    // the error was logged.
    char* define(ngx_conf_t* cf, const ngx_str_t& name, size_t size,
                 const SharePercents& shares);
    [[nodiscard]] bool is_defined() const { return shm_zone_ != nullptr; }

    // Says in the zone what its shares are now. Called by the master, once the
    // configuration is the one that counts.
    void divide();

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] ngx_shm_zone_t& shm_zone() const { return *shm_zone_; }
    [[nodiscard]] ZoneHeader& header() const { return *header_; }
    Policies& policies() { return policies_; }

private:
    static ngx_int_t init(ngx_shm_zone_t* shm_zone, void* old);
    ngx_int_t open(Zone* old);
    ngx_int_t open_shared(ngx_slab_pool_t* pool);

    std::string name_;
    ngx_shm_zone_t* shm_zone_ = nullptr;
    ZoneHeader* header_ = nullptr;
    SharePercents shares_;
    Policies policies_;
};

} // namespace ws_pubsub
