#include "ngx/ngx.hpp"

#include "module/zone.hpp"

#include <utility>

#include "base/keyed_hash.hpp"
#include "base/limits.hpp"
#include "log/applier.hpp"
#include "log/cell_answers.hpp"
#include "module/ngx_clock.hpp"
#include "module/zone_memory.hpp"
#include "ngx/guard.hpp"
#include "ngx/text.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

namespace {

class NoWaker final : public Waker {
public:
    void wake(size_t /*worker*/, int /*number*/) override {}
};

// Calls f(ngx_shm_zone_t&) for each of the module's zones in a configuration.
template <class F>
void for_each_zone(ngx_cycle_t& cycle, F&& f)
{
    for (ngx_list_part_t* part = &cycle.shared_memory.part; part != nullptr;
         part = part->next) {
        auto* zones = static_cast<ngx_shm_zone_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            if (zones[i].tag == &ngx_ws_pubsub_module) {
                f(zones[i]);
            }
        }
    }
}

// nullptr: the configuration has no zone of that name.
const ngx_shm_zone_t* find_zone(ngx_cycle_t& cycle, const ngx_str_t& name)
{
    const ngx_shm_zone_t* found = nullptr;
    for_each_zone(cycle, [&](const ngx_shm_zone_t& zone) {
        if (view(zone.shm.name) == view(name)) {
            found = &zone;
        }
    });
    return found;
}

// The size that the running configuration gives to the zone; 0 if it has no
// such zone.
size_t running_size(const ngx_conf_t* cf, const ngx_str_t& name)
{
    ngx_cycle_t* running = cf->cycle->old_cycle;
    const ngx_shm_zone_t* zone =
        running == nullptr ? nullptr : find_zone(*running, name);
    return zone == nullptr ? 0 : zone->shm.size;
}

char* const kConfError = static_cast<char*>(NGX_CONF_ERROR);

// A zone as the master opens it, who wakes nobody.
class MasterStore {
public:
    explicit MasterStore(const Zone& zone)
        : memory_(zone.shm_zone()),
          // The analyzer does not see Store's constructor.
          // NOLINTNEXTLINE(clang-analyzer-optin.cplusplus.UninitializedObject)
          store_(memory_, waker_, zone.header(), clock_)
    {}
    Store* operator->() { return &store_; }
    Store& operator*() { return store_; }

private:
    ZoneMemory memory_;
    NoWaker waker_;
    NgxClock clock_;
    Store store_;
};

} // namespace

char* Zone::define(ngx_conf_t* cf, const ngx_str_t& name, size_t size,
                   const SharePercents& shares)
{
    if (is_defined()) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "ws_pubsub_zone \"%V\" is defined twice", &name);
        return kConfError;
    }
    if (size < kMinZoneBytes) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "ws_pubsub_zone \"%V\" is too small: %uz bytes, "
                           "the least is %uz",
                           &name, size, kMinZoneBytes);
        return kConfError;
    }
    const size_t running = running_size(cf, name);
    if (running != 0 && running != size) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "ws_pubsub_zone \"%V\" can't change its size from "
                           "%uz to %uz bytes in a reload: restart nginx, or "
                           "use another name",
                           &name, running, size);
        return kConfError;
    }
    ngx_str_t own_name = name;
    shm_zone_ =
        ngx_shared_memory_add(cf, &own_name, size, &ngx_ws_pubsub_module);
    if (shm_zone_ == nullptr) {
        return kConfError;
    }
    shm_zone_->init = init;
    shm_zone_->data = this;
    shares_ = shares;
    return NGX_CONF_OK;
}

bool Zone::tell(EventRules rules)
{
    if (events_) {
        return false;
    }
    events_ = std::move(rules);
    return true;
}

bool Zone::post(EventRequest request)
{
    if (request_) {
        return false;
    }
    request_ = std::move(request);
    return true;
}

bool Zone::share(ClusterSettings settings)
{
    if (cluster_) {
        return false;
    }
    cluster_ = std::move(settings);
    return true;
}

bool Zone::is_shared_as(const Zone& old) const
{
    return cluster_.has_value() == old.cluster_.has_value() &&
           (!cluster_ || cluster_->name == old.cluster_->name);
}

bool Zone::prepare_cluster(ngx_conf_t* cf)
{
    return !cluster_ || cluster_->prepare(cf);
}

void Zone::begin_cluster()
{
    if (cluster_) {
        MasterStore(*this)->following.begin(random_hash_key().first | 1);
    }
}

EventRules Zone::event_rules() const
{
    EventRules rules = events_.value_or(EventRules());
    Policy usual;
    usual.history = kDefaultEventHistory;
    for (size_t i = 0; i < kEventTopics; i++) {
        rules.policies[i] =
            policies_.of(path_of(static_cast<EventTopic>(i)), usual);
    }
    return rules;
}

ngx_int_t Zone::init(ngx_shm_zone_t* shm_zone, void* old)
{
    auto* self = static_cast<Zone*>(shm_zone->data);
    return guarded([&] { return self->open(static_cast<Zone*>(old)); },
                   ngx_int_t{NGX_ERROR});
}

ngx_int_t Zone::open(Zone* old)
{
    auto* pool = reinterpret_cast<ngx_slab_pool_t*>(shm_zone_->shm.addr);
    const bool is_new = old == nullptr && !shm_zone_->shm.exists;
    if (is_new) {
        if (make(pool) != NGX_OK) {
            return NGX_ERROR;
        }
    } else {
        header_ = old != nullptr ? old->header_ // a reload
                                 : static_cast<ZoneHeader*>(pool->data);
        if (open_shared(pool) != NGX_OK) {
            return NGX_ERROR;
        }
    }
    if (old != nullptr && !is_shared_as(*old)) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone_->shm.log, 0,
                      "ws_pubsub_zone \"%V\" can't come to or leave its "
                      "cluster in a reload: restart nginx",
                      &shm_zone_->shm.name);
        return NGX_ERROR;
    }
    if (old != nullptr && old->snapshot_) {
        path_before_ = old->snapshot_->path();
    }
    return open_snapshot(is_new) ? NGX_OK : NGX_ERROR;
}

ngx_int_t Zone::make(ngx_slab_pool_t* pool)
{
    ZoneMemory memory(*shm_zone_);
    header_ = Store::create(memory, shm_zone_->shm.size, random_hash_key(),
                            NgxClock());
    pool->data = header_;
    if (header_ == nullptr) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone_->shm.log, 0,
                      "ws_pubsub_zone \"%V\" is too small",
                      &shm_zone_->shm.name);
        return NGX_ERROR;
    }
    if (cluster_) {
        MasterStore store(*this);
        const NgxClock clock;
        CellAnswers answers(store->answers);
        Applier(store->topics.parts(), clock, answers)
            .begin({{}, 0, 0, header_->next_epoch});
    }
    return NGX_OK;
}

bool Zone::open_snapshot(bool is_new)
{
    ngx_log_t* log = shm_zone_->shm.log;
    if (!snapshot_) {
        return true;
    }
    if (ngx_test_config) {
        return snapshot_->check(log) && has_own_snapshot(log);
    }
    if (!snapshot_->open(log) || !has_own_snapshot(log)) {
        return false;
    }
    if (!is_new) {
        return true;
    }
    MasterStore store(*this);
    store->divide(shares_); // by which it is told what fits
    return snapshot_->load(*store, log);
}

// One path has many names.
bool Zone::has_own_snapshot(ngx_log_t* log) const
{
    for (const auto& [name, zone] : *all_) {
        if (zone.get() != this && zone->snapshot_ &&
            zone->snapshot_->has_file_of(*snapshot_)) {
            ngx_log_error(NGX_LOG_EMERG, log, 0,
                          "the snapshot \"%s\" is that of the zone \"%s\"",
                          snapshot_->path().c_str(), name.c_str());
            return false;
        }
    }
    return true;
}

ngx_int_t Zone::open_shared(ngx_slab_pool_t* pool)
{
    const auto wrong = Store::check(*header_);
    if (wrong) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone_->shm.log, 0,
                      "ws_pubsub_zone \"%V\" %*s", &shm_zone_->shm.name,
                      wrong->size(), wrong->data());
        return NGX_ERROR;
    }
    pool->data = header_;
    return NGX_OK;
}

void Zone::divide()
{
    MasterStore(*this)->divide(shares_);
}

bool Zone::keep_in(std::string path, int64_t interval_ms, const ZoneMap& all)
{
    if (snapshot_) {
        return false;
    }
    all_ = &all;
    snapshot_.emplace(name_, std::move(path), interval_ms);
    return true;
}

bool Zone::begin_snapshots(ngx_log_t* log)
{
    MasterStore store(*this);
    if (!snapshot_) {
        store->snapshots.forget();
        return true;
    }
    return snapshot_->begin(*store, path_before_, log);
}

void Zone::save(ngx_log_t* log)
{
    if (snapshot_) {
        snapshot_->finish(*MasterStore(*this), log);
    }
}

} // namespace ws_pubsub
