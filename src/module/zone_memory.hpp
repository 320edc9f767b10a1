// A zone's memory and lock in nginx: the slab pool and its mutex, which the
// master releases when a worker dies holding it.
#pragma once

#include "ngx/ngx.hpp"

#include "shm/memory.hpp"

namespace ws_pubsub {

class SlabMemory final : public Memory {
public:
    explicit SlabMemory(ngx_shm_zone_t& zone)
        : pool_(reinterpret_cast<ngx_slab_pool_t*>(zone.shm.addr)),
          name_(zone.shm.name)
    {
        // A full zone is an ordinary thing, and told in our own words.
        pool_->log_nomem = 0;
    }

    void* allocate(size_t bytes) override
    {
        return ngx_slab_alloc_locked(pool_, bytes);
    }
    void release(void* block) override { ngx_slab_free_locked(pool_, block); }
    void lock() override { ngx_shmtx_lock(&pool_->mutex); }
    void unlock() override { ngx_shmtx_unlock(&pool_->mutex); }
    [[nodiscard]] size_t free_bytes() const override
    {
        return pool_->pfree * ngx_pagesize;
    }
    void repaired() override
    {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "ws_pubsub: zone \"%V\": undid a change that a dead "
                      "process left half done",
                      &name_);
    }
    void refused() override
    {
        const time_t now = ngx_time();
        if (now != refused_told_at_) {
            refused_told_at_ = now;
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "ws_pubsub: zone \"%V\" is full: refused a message",
                          &name_);
        }
    }

private:
    ngx_slab_pool_t* pool_;
    ngx_str_t name_;
    time_t refused_told_at_ = 0; // once a second in each worker is enough
};

} // namespace ws_pubsub
