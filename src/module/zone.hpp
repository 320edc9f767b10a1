// A configured zone: its shared memory, and the policies of its topics.
//
// The configuration owns one for each name. A zone's memory survives reloads;
// each worker opens it through a Store of its own (module/worker.hpp).
#pragma once

#include "ngx/ngx.hpp"

#include <string>
#include <string_view>

#include "broker/policies.hpp"
#include "shm/layout.hpp"

namespace ws_pubsub {

class Zone {
public:
    explicit Zone(std::string_view name) : name_(name) {}

    // "name:size" of a ws_pubsub_zone directive. NGX_CONF_OK, or the error
    // was logged.
    char* define(ngx_conf_t* cf, const ngx_str_t& name, ssize_t size);
    [[nodiscard]] bool is_defined() const { return shm_zone_ != nullptr; }

    // Closes the eventfds of the zones that the configuration has no more,
    // which only the master still needs to hand to new workers. Called by the
    // master, before it frees the zones.
    static void close_removed(ngx_cycle_t& cycle);
    // Makes eventfds so that `workers` more can be woken. Called by the
    // master before it forks.
    bool prepare_wakes(ngx_log_t* log, size_t workers);
    // The first so many slots are those whose eventfds a process with this
    // configuration has inherited. Those that a later reload makes it has not:
    // what has their number here is another thing, like a client's socket.
    [[nodiscard]] size_t wakeable_slots() const { return wakeable_slots_; }

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] ngx_shm_zone_t& shm_zone() const { return *shm_zone_; }
    [[nodiscard]] ZoneHeader& header() const { return *header_; }
    Policies& policies() { return policies_; }

private:
    static ngx_int_t init(ngx_shm_zone_t* shm_zone, void* old);
    ngx_int_t open(Zone* old);
    ngx_int_t open_shared(ngx_slab_pool_t* pool);
    void close_wakes() const;

    std::string name_;
    ngx_shm_zone_t* shm_zone_ = nullptr;
    ZoneHeader* header_ = nullptr;
    size_t wakeable_slots_ = 0;
    Policies policies_;
};

} // namespace ws_pubsub
