#include "ngx/ngx.hpp"

#include "module/zone.hpp"

#include "base/keyed_hash.hpp"
#include "base/limits.hpp"
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

ngx_int_t Zone::init(ngx_shm_zone_t* shm_zone, void* old)
{
    auto* self = static_cast<Zone*>(shm_zone->data);
    return guarded([&] { return self->open(static_cast<Zone*>(old)); },
                   ngx_int_t{NGX_ERROR});
}

ngx_int_t Zone::open(Zone* old)
{
    auto* pool = reinterpret_cast<ngx_slab_pool_t*>(shm_zone_->shm.addr);
    if (old != nullptr) { // a reload
        header_ = old->header_;
        return open_shared(pool);
    }
    if (shm_zone_->shm.exists) {
        header_ = static_cast<ZoneHeader*>(pool->data);
        return open_shared(pool);
    }
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
    return NGX_OK;
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
    ZoneMemory memory(*shm_zone_);
    NoWaker waker;
    const NgxClock clock;
    Store(memory, waker, *header_, clock).divide(shares_);
}

} // namespace ws_pubsub
