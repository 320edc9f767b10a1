// A zone's memory and lock in nginx: a heap in all of its slab pool's pages,
// and the pool's mutex, which the master releases when a worker dies holding
// it.
//
// Not the pool itself: a death inside ngx_slab_alloc() leaves it broken for all
// who come later.
#pragma once

#include "ngx/ngx.hpp"

#include "shm/memory_in_heap.hpp"

namespace ws_pubsub {

class ZoneMemory final : public MemoryInHeap {
public:
    explicit ZoneMemory(ngx_shm_zone_t& zone)
        : ZoneMemory(reinterpret_cast<ngx_slab_pool_t*>(zone.shm.addr),
                     zone.shm.name)
    {}

    void* create(size_t table_bytes) override
    {
        const size_t bytes = pool_->pfree * ngx_pagesize;
        void* pages = ngx_slab_alloc(pool_, bytes); // from pool_->start on
        return make_heap(pages, bytes, table_bytes);
    }
    void lock() override { ngx_shmtx_lock(&pool_->mutex); }
    void unlock() override { ngx_shmtx_unlock(&pool_->mutex); }
    void repaired() override
    {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "ws_pubsub: zone \"%V\": undid a change that a dead "
                      "process left half done",
                      &name_);
    }
    void refused(std::string_view why) override
    {
        const time_t now = ngx_time();
        if (now != refused_told_at_) {
            refused_told_at_ = now;
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "ws_pubsub: zone \"%V\" %*s: refused a message",
                          &name_, why.size(), why.data());
        }
    }

private:
    ZoneMemory(ngx_slab_pool_t* pool, const ngx_str_t& name)
        : MemoryInHeap(pool->start), pool_(pool), name_(name)
    {}

    ngx_slab_pool_t* pool_;
    ngx_str_t name_;
    time_t refused_told_at_ = 0; // once a second in each worker is enough
};

} // namespace ws_pubsub
