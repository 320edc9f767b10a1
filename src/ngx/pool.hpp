// C++ objects in nginx's pools.
#pragma once

#include "ngx/ngx.hpp"

#include <new>
#include <utility>

namespace ws_pubsub {

// An object that is destroyed with the pool; nullptr when there is no memory.
template <class T, class... Args>
T* make_in_pool(ngx_pool_t* pool, Args&&... args)
{
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(pool, sizeof(T));
    if (cleanup == nullptr) {
        return nullptr;
    }
    T* object = new (cleanup->data) T(std::forward<Args>(args)...);
    cleanup->handler = [](void* data) {
        static_cast<T*>(data)->~T();
    };
    return object;
}

} // namespace ws_pubsub
