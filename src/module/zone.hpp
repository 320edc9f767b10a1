// A configured zone: its shared memory, and the policies of its topics.
//
// The configuration owns one for each name. A zone's memory survives reloads;
// each worker opens it through a Store of its own (module/worker.hpp).
#pragma once

#include "ngx/ngx.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "broker/policies.hpp"
#include "module/cluster_settings.hpp"
#include "module/event_request.hpp"
#include "module/snapshot_file.hpp"
#include "readers/events.hpp"
#include "readers/layout.hpp"

namespace ws_pubsub {

class Zone;

using ZoneMap = std::map<std::string, std::unique_ptr<Zone>, std::less<>>;

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

    // Tokens that it is used with may be so old: revocations count that long,
    // or kRevocationKeepMs.
    void keep_revocations(int64_t ms)
    {
        revocation_keep_ms_ = std::max(revocation_keep_ms_, ms);
    }
    [[nodiscard]] int64_t revocation_keep_ms() const
    {
        return revocation_keep_ms_;
    }

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] ngx_shm_zone_t& shm_zone() const { return *shm_zone_; }
    [[nodiscard]] ZoneHeader& header() const { return *header_; }
    Policies& policies() { return policies_; }

    // What is told by events, and where these are posted. False: that was said
    // already.
    bool tell(EventRules rules);
    bool post(EventRequest request);
    // With the policies of the topics that tell it. REQUIRES: all were said.
    [[nodiscard]] EventRules event_rules() const;
    // nullptr: nowhere.
    [[nodiscard]] const EventRequest* event_request() const
    {
        return request_ ? &*request_ : nullptr;
    }
    // In which file it outlives nginx. False: that was said already.
    // `all` of the configuration.
    bool keep_in(std::string path, int64_t interval_ms, const ZoneMap& all);
    // nullptr: in none.
    [[nodiscard]] const SnapshotFile* snapshot() const
    {
        return snapshot_ ? &*snapshot_ : nullptr;
    }
    // By which log other hosts have it in common. False: that was said already.
    bool share(ClusterSettings settings);
    // nullptr: by none.
    [[nodiscard]] const ClusterSettings* cluster() const
    {
        return cluster_ ? &*cluster_ : nullptr;
    }
    // In postconfiguration. False: the log says why its servers can't be found.
    bool prepare_cluster(ngx_conf_t* cf);
    // Called by the master, once the configuration is the one that counts.
    void begin_cluster();
    // Called by the master, once the configuration is the one that counts.
    // False: the log says why nothing can be kept.
    bool begin_snapshots(ngx_log_t* log);
    // Called by the master when it ends, with all workers gone.
    void save(ngx_log_t* log);

    // In postconfiguration; as of OwnServer.
    void find_address(const ngx_http_core_main_conf_t& main)
    {
        if (request_) {
            request_->server.find_address(main);
        }
    }
    // Whether events are posted that nobody tells.
    [[nodiscard]] bool posts_nothing() const { return request_ && !events_; }

private:
    static ngx_int_t init(ngx_shm_zone_t* shm_zone, void* old);
    ngx_int_t open(Zone* old);
    ngx_int_t open_shared(ngx_slab_pool_t* pool);
    ngx_int_t make(ngx_slab_pool_t* pool);
    [[nodiscard]] bool is_shared_as(const Zone& old) const;
    [[nodiscard]] bool open_snapshot(bool is_new);
    [[nodiscard]] bool has_own_snapshot(ngx_log_t* log) const;

    std::string name_;
    ngx_shm_zone_t* shm_zone_ = nullptr;
    ZoneHeader* header_ = nullptr;
    SharePercents shares_;
    Policies policies_;
    int64_t revocation_keep_ms_ = kRevocationKeepMs;
    std::optional<EventRules> events_;
    std::optional<EventRequest> request_;
    std::optional<SnapshotFile> snapshot_;
    std::optional<ClusterSettings> cluster_;
    const ZoneMap* all_ = nullptr; // of the configuration, if it has a file
    std::string path_before_;      // of the configuration until now
};

} // namespace ws_pubsub
