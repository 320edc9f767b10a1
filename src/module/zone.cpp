#include "ngx/ngx.hpp"

#include "module/zone.hpp"

#include <sys/eventfd.h>

#include "base/limits.hpp"
#include "module/ngx_clock.hpp"
#include "module/slab_memory.hpp"
#include "ngx/guard.hpp"
#include "shm/store.hpp"

namespace ws_pubsub {

namespace {

class NoWaker final : public Waker {
public:
    void wake(size_t /*worker*/, int /*wake_fd*/) override {}
};

// The size that the running configuration gives to the zone; 0 if it has no
// such zone.
size_t running_size(const ngx_conf_t* cf, const ngx_str_t& name)
{
    if (cf->cycle->old_cycle == nullptr) {
        return 0;
    }
    for (ngx_list_part_t* part = &cf->cycle->old_cycle->shared_memory.part;
         part != nullptr; part = part->next) {
        auto* zones = static_cast<ngx_shm_zone_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            const ngx_shm_zone_t& zone = zones[i];
            if (zone.tag == &ngx_ws_pubsub_module &&
                zone.shm.name.len == name.len &&
                ngx_strncmp(zone.shm.name.data, name.data, name.len) == 0) {
                return zone.shm.size;
            }
        }
    }
    return 0;
}

uint64_t random_seed()
{
    return static_cast<uint64_t>(ngx_random()) << 32 ^
           static_cast<uint64_t>(ngx_random());
}

char* const kConfError = static_cast<char*>(NGX_CONF_ERROR);

} // namespace

char* Zone::define(ngx_conf_t* cf, const ngx_str_t& name, ssize_t size)
{
    if (is_defined()) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "ws_pubsub_zone \"%V\" is defined twice", &name);
        return kConfError;
    }
    if (size < static_cast<ssize_t>(kMinZoneBytes)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "ws_pubsub_zone \"%V\" is too small: %z bytes, "
                           "the least is %uz",
                           &name, size, kMinZoneBytes);
        return kConfError;
    }
    const size_t running = running_size(cf, name);
    if (running != 0 && running != static_cast<size_t>(size)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "ws_pubsub_zone \"%V\" can't change its size from "
                           "%uz to %z bytes in a reload: restart nginx, or "
                           "use another name",
                           &name, running, size);
        return kConfError;
    }
    ngx_str_t own_name = name;
    shm_zone_ = ngx_shared_memory_add(cf, &own_name, static_cast<size_t>(size),
                                      &ngx_ws_pubsub_module);
    if (shm_zone_ == nullptr) {
        return kConfError;
    }
    shm_zone_->init = init;
    shm_zone_->data = this;
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
    SlabMemory memory(*shm_zone_);
    header_ = Store::create(memory, shm_zone_->shm.size, random_seed(),
                            NgxClock().now_ms());
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

bool Zone::prepare_wakes(ngx_log_t* log, size_t workers)
{
    SlabMemory memory(*shm_zone_);
    NoWaker waker;
    const NgxClock clock;
    Store store(memory, waker, *header_, clock);
    for (size_t missing = store.missing_slots(workers); missing > 0;
         missing--) {
        const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (fd == -1) {
            ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                          "ws_pubsub: eventfd() failed");
            return false;
        }
        store.add_slot(fd);
    }
    wakeable_slots_ = store.made_slots();
    return true;
}

} // namespace ws_pubsub
