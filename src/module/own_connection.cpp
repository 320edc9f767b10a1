#include "ngx/ngx.hpp"

#include "module/own_connection.hpp"

#include <algorithm>
#include <cstring>

#include "ngx/guard.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

constexpr size_t kPoolBytes = 1024;

struct OwnConnection {
    ngx_http_connection_t http; // first: it is r->http_connection
    OwnPeer* peer;
    ngx_log_t log;
    ngx_http_log_ctx_t log_context;
    ngx_sockaddr_t remote;
    ngx_sockaddr_t local;
    u_char remote_text[NGX_SOCKADDR_STRLEN];
    ngx_proxy_protocol_t proxy_protocol;
    // Of one that is like no other.
    ngx_http_addr_conf_t addr_conf;
    ngx_listening_t listening;
};

// (subrequests do not have it in all versions)
OwnPeer& peer_of(const ngx_http_request_t* r)
{
    return *reinterpret_cast<OwnConnection*>(r->main->http_connection)->peer;
}

// False: the response is to end here.
bool take(OwnPeer& peer, const ngx_http_request_t& r, ngx_buf_t& buffer)
{
    return guarded(
        [&] {
            // The end of a response comes with bytes, or alone. Of one that
            // has broken off it does not come, though nginx ends both alike.
            if (!ngx_buf_special(&buffer)) {
                if (!ngx_buf_in_memory(&buffer)) {
                    return false;
                }
                const std::string_view bytes(
                    reinterpret_cast<char*>(buffer.pos),
                    static_cast<size_t>(buffer.last - buffer.pos));
                if (!peer.on_bytes(bytes)) {
                    return false;
                }
                r.connection->sent += static_cast<off_t>(bytes.size());
                buffer.pos = buffer.last;
            }
            if (buffer.last_buf) {
                peer.on_whole(r);
            }
            return true;
        },
        false);
}

// In place of the socket's: takes all at once.
ngx_chain_t* catch_output(ngx_connection_t* c, ngx_chain_t* in, off_t /*limit*/)
{
    const auto* r = static_cast<ngx_http_request_t*>(c->data);
    for (; in != nullptr; in = in->next) {
        if (!take(peer_of(r), *r->main, *in->buf)) {
            c->error = 1;
            return NGX_CHAIN_ERROR;
        }
    }
    return nullptr;
}

void on_pool_cleanup(void* data)
{
    static_cast<OwnConnection*>(data)->peer->on_closed();
}

sockaddr* copy_address(ngx_sockaddr_t& to, const sockaddr* from,
                       socklen_t length)
{
    std::memcpy(&to, from, std::min<size_t>(length, sizeof(to)));
    return &to.sockaddr;
}

// False: no memory.
bool copy_proxy_protocol(ngx_connection_t& c, const ngx_proxy_protocol_t& from,
                         ngx_proxy_protocol_t& to)
{
    to.src_addr = copy(c.pool, view(from.src_addr));
    to.dst_addr = copy(c.pool, view(from.dst_addr));
    to.src_port = from.src_port;
    to.dst_port = from.dst_port;
    c.proxy_protocol = &to;
    return to.src_addr.data != nullptr && to.dst_addr.data != nullptr;
}

bool copy_addresses(ngx_connection_t& c, OwnConnection& own,
                    ngx_connection_t& from)
{
    if (ngx_connection_local_sockaddr(&from, nullptr, 0) != NGX_OK) {
        return false;
    }
    c.sockaddr = copy_address(own.remote, from.sockaddr, from.socklen);
    c.socklen = from.socklen;
    c.local_sockaddr =
        copy_address(own.local, from.local_sockaddr, from.local_socklen);
    c.local_socklen = from.local_socklen;
    c.addr_text.len = std::min(from.addr_text.len, sizeof(own.remote_text));
    c.addr_text.data = own.remote_text;
    std::copy_n(from.addr_text.data, c.addr_text.len, own.remote_text);
    c.listening = from.listening;
    return from.proxy_protocol == nullptr ||
           copy_proxy_protocol(c, *from.proxy_protocol, own.proxy_protocol);
}

void set_log(ngx_connection_t& c, OwnConnection& own, const ngx_log_t& like)
{
    c.number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    own.log = like;
    own.log_context.connection = &c;
    own.log.connection = c.number;
    own.log.data = &own.log_context;
    own.log.action = const_cast<char*>("asking a location");
    c.log = c.read->log = c.write->log = c.pool->log = &own.log;
    c.log_error = NGX_ERROR_INFO;
}

// Nothing of it is ever waited for, and nothing lingers when it is closed.
void set_events(ngx_connection_t& c)
{
    c.read->active = 1;
    c.read->eof = 1;
    c.write->active = 1;
    c.write->ready = 1;
}

void set_output(ngx_connection_t& c)
{
    c.type = SOCK_STREAM;
    c.send_chain = catch_output;
    c.need_last_buf = 1; // so that a response's end comes through
    c.tcp_nodelay = NGX_TCP_NODELAY_DISABLED;
    c.tcp_nopush = NGX_TCP_NOPUSH_DISABLED;
}

// nullptr: no memory.
OwnConnection* make_own(ngx_connection_t& c)
{
    c.buffer = ngx_create_temp_buf(c.pool, 1);
    return c.buffer == nullptr ? nullptr
                               : static_cast<OwnConnection*>(ngx_pcalloc(
                                     c.pool, sizeof(OwnConnection)));
}

// False: no memory.
bool be_like(ngx_connection_t& c, OwnConnection& own, ngx_http_request_t& like)
{
    if (!copy_addresses(c, own, *like.connection)) {
        return false;
    }
    const auto* server = static_cast<ngx_http_core_srv_conf_t*>(
        ngx_http_get_module_srv_conf((&like), ngx_http_core_module));
    own.http.conf_ctx = server->ctx;
    own.http.addr_conf = like.http_connection->addr_conf;
    set_log(c, own, *like.connection->log);
    return true;
}

// What nginx's own handler says, which nobody else can have, but for the
// client.
u_char* describe(ngx_log_t* log, u_char* buffer, size_t size)
{
    u_char* end = buffer;
    if (log->action != nullptr) {
        end = ngx_snprintf(buffer, size, " while %s", log->action);
    }
    const auto* context = static_cast<ngx_http_log_ctx_t*>(log->data);
    ngx_http_request_t* r = context->request;
    return r == nullptr
               ? end
               : r->log_handler(r, context->current_request, end,
                                size - static_cast<size_t>(end - buffer));
}

void come_to(ngx_connection_t& c, OwnConnection& own, const OwnServer& server)
{
    own.remote.sockaddr.sa_family = AF_UNIX;
    c.sockaddr = &own.remote.sockaddr;
    c.socklen = sizeof(own.remote.sockaddr.sa_family);
    ngx_str_set(&c.addr_text, "unix:");
    c.local_sockaddr =
        copy_address(own.local, &server.address.sockaddr, server.address_size);
    c.local_socklen = server.address_size;
    own.listening.fd = static_cast<ngx_socket_t>(-1);
    own.listening.sockaddr = c.local_sockaddr;
    own.listening.socklen = c.local_socklen;
    c.listening = &own.listening;
    own.addr_conf.default_server = server.conf;
    own.http.conf_ctx = server.conf->ctx;
    own.http.addr_conf = &own.addr_conf;
    set_log(c, own, *ngx_cycle->log);
    own.log.handler = describe;
}

// nullptr: none is free.
ngx_connection_t* open_socket()
{
    const ngx_socket_t fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        return nullptr;
    }
    ngx_connection_t* c = ngx_get_connection(fd, ngx_cycle->log);
    if (c == nullptr) {
        ngx_close_socket(fd);
    }
    return c;
}

// `give_ends` gives it its addresses, its server and its log; false: no memory.
template <class GiveEnds>
ngx_connection_t* open(OwnPeer& peer, GiveEnds&& give_ends)
{
    ngx_connection_t* c = open_socket();
    if (c == nullptr) {
        return nullptr;
    }
    ngx_pool_t* pool = ngx_create_pool(kPoolBytes, ngx_cycle->log);
    c->pool = pool;
    OwnConnection* own = pool == nullptr ? nullptr : make_own(*c);
    ngx_pool_cleanup_t* cleanup = own == nullptr || !give_ends(*c, *own)
                                      ? nullptr
                                      : ngx_pool_cleanup_add(pool, 0);
    if (cleanup == nullptr) {
        c->log = ngx_cycle->log; // else the pool's
        ngx_close_connection(c);
        if (pool != nullptr) {
            pool->log = ngx_cycle->log;
            ngx_destroy_pool(pool);
        }
        return nullptr;
    }
    set_output(*c);
    set_events(*c);
    own->peer = &peer;
    c->data = &own->http;
    cleanup->handler = on_pool_cleanup;
    cleanup->data = own;
#if (NGX_STAT_STUB)
    ngx_atomic_fetch_add(ngx_stat_active, 1); // its end takes it off
#endif
    return c;
}

} // namespace

OwnPeer* OwnPeer::of(const ngx_http_request_t* r)
{
    return r->connection->send_chain == catch_output ? &peer_of(r) : nullptr;
}

ngx_connection_t* open_own_connection(ngx_http_request_t& like, OwnPeer& peer)
{
    return open(peer, [&like](ngx_connection_t& c, OwnConnection& own) {
        return be_like(c, own, like);
    });
}

ngx_connection_t* open_own_connection(const OwnServer& server, OwnPeer& peer)
{
    return open(peer, [&server](ngx_connection_t& c, OwnConnection& own) {
        come_to(c, own, server);
        return true;
    });
}

} // namespace ws_pubsub
