// A connection without a peer, for a request of our own.
//
// nginx serves it, ends it and frees it as it does any other: only its response
// goes to a OwnPeer instead of a socket. That the connection has a socket of
// its own all the same, which leads nowhere, is for nginx to close.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

#include "module/own_server.hpp"

namespace ws_pubsub {

// In place of who would be at the other end. It outlives the connection.
class OwnPeer {
public:
    OwnPeer() = default;
    OwnPeer(const OwnPeer&) = delete;
    OwnPeer& operator=(const OwnPeer&) = delete;

    // That of a request's connection; nullptr: it is anybody's. Module contexts
    // would not tell: internal redirects clear them.
    static OwnPeer* of(const ngx_http_request_t* r);

    // More of the response's body. False: it is too much.
    virtual bool on_bytes(std::string_view bytes) = 0;
    // The whole response has come.
    virtual void on_whole(const ngx_http_request_t& r) = 0;
    // The connection is no more, nor its request.
    virtual void on_closed() = 0;

protected:
    virtual ~OwnPeer() = default;
};

// One with the addresses of `like`, and of its server; its data are those that
// ngx_http_create_request() takes. All is copied. nullptr: none is free, or
// there is no memory; then the peer hears nothing.
ngx_connection_t* open_own_connection(ngx_http_request_t& like, OwnPeer& peer);
// The same to that server; its client has no address, as at a UNIX-domain
// socket. REQUIRES: the server's `conf`.
ngx_connection_t* open_own_connection(const OwnServer& server, OwnPeer& peer);

} // namespace ws_pubsub
