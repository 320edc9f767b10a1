// Finds an address of a host, without waiting for it.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "redis/host.hpp"

namespace ws_pubsub::redis {

class Lookup {
public:
    // Of `error` is something where no address was found.
    using Handler = void (*)(void* owner, std::string_view error);

    // The owner outlives it.
    Lookup(Handler handler, void* owner) : handler_(handler), owner_(owner) {}
    ~Lookup() { cancel(); }
    Lookup(const Lookup&) = delete;
    Lookup& operator=(const Lookup&) = delete;

    // Calls the handler once, perhaps before it returns. REQUIRES: `host` is
    // prepared, and none is under way.
    void start(const Host& host);
    // The handler is not called any more.
    void cancel();

    // What was found. REQUIRES: the handler was called without an error.
    [[nodiscard]] sockaddr* address() { return &address_.sockaddr; }
    [[nodiscard]] socklen_t size() const { return size_; }

private:
    void take(const sockaddr* address, socklen_t size);
    void ask(const Host& host);
    static void on_resolved(ngx_resolver_ctx_t* context);

    Handler handler_;
    void* owner_;
    ngx_sockaddr_t address_{};
    socklen_t size_ = 0;
    in_port_t port_ = 0;
    ngx_resolver_ctx_t* context_ = nullptr; // of a question under way
};

} // namespace ws_pubsub::redis
