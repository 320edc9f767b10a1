#include "ngx/ngx.hpp"

#include "redis/lookup.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "ngx/guard.hpp"

namespace ws_pubsub::redis {

namespace {

constexpr ngx_msec_t kTimeoutMs = 30000; // the connection gives up earlier

size_t any_of(size_t count)
{
    return static_cast<size_t>(ngx_random()) % count;
}

} // namespace

void Lookup::take(const sockaddr* address, socklen_t size)
{
    size_ = static_cast<socklen_t>(
        std::min<size_t>(static_cast<size_t>(size), sizeof(address_)));
    std::memcpy(&address_, address, size_);
}

// One of several, at random: another one next time.
void Lookup::start(const Host& host)
{
    const auto& known = host.addresses();
    if (known.empty()) {
        return ask(host);
    }
    const Address& one = known[any_of(known.size())];
    take(&one.sockaddr.sockaddr, one.size);
    handler_(owner_, {});
}

void Lookup::ask(const Host& host)
{
    if (host.resolver() == nullptr) {
        return handler_(owner_, "there is no resolver to be asked");
    }
    ngx_resolver_ctx_t* context = ngx_resolve_start(host.resolver(), nullptr);
    if (context == nullptr || context == NGX_NO_RESOLVER) {
        return handler_(owner_, "the resolver can't be asked");
    }
    port_ = host.place().port;
    // (nginx copies the name)
    const std::string& name = host.place().host;
    context->name.len = name.size();
    context->name.data =
        reinterpret_cast<u_char*>(const_cast<char*>(name.data()));
    context->handler = on_resolved;
    context->data = this;
    context->timeout = kTimeoutMs;
    context->cancelable = 1;
    context_ = context;
    if (ngx_resolve_name(context) != NGX_OK) { // and has freed it
        context_ = nullptr;
        handler_(owner_, "the resolver can't be asked");
    }
}

void Lookup::cancel()
{
    if (context_ != nullptr) {
        ngx_resolve_name_done(std::exchange(context_, nullptr));
    }
}

void Lookup::on_resolved(ngx_resolver_ctx_t* context)
{
    auto& self = *static_cast<Lookup*>(context->data);
    guarded([&] {
        std::string_view error;
        if (context->state != NGX_OK) {
            error = ngx_resolver_strerror(context->state);
        } else {
            const ngx_resolver_addr_t& one =
                context->addrs[any_of(context->naddrs)];
            self.take(one.sockaddr, one.socklen);
            ngx_inet_set_port(self.address(), self.port_);
        }
        self.cancel();
        self.handler_(self.owner_, error);
    });
}

} // namespace ws_pubsub::redis
