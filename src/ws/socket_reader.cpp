#include "ngx/ngx.hpp"

#include "ws/socket_reader.hpp"

#include <array>

#include <sys/ioctl.h>

namespace ws_pubsub {

namespace {

constexpr size_t kReadBytes = 64UL * 1024;

// One for all sessions of the worker: it is empty between read events.
std::array<u_char, kReadBytes>& read_buffer()
{
    static std::array<u_char, kReadBytes> buffer;
    return buffer;
}

// Before TLS reads more it may have to write (the answer to a KeyUpdate). Then
// nginx leaves `ready` of the read event set, and puts a handler in place of
// ours that reads once the socket has room.
bool reading_needs_room(const ngx_connection_t* c,
                        ngx_event_handler_pt on_write)
{
    return c->write->handler != on_write && !c->write->ready;
}

} // namespace

SocketInput read_socket(ngx_connection_t* c)
{
    auto& buffer = read_buffer();
    const ssize_t size = c->recv(c, buffer.data(), buffer.size());
    if (size == NGX_AGAIN) {
        return {SocketInput::Kind::nothing, {}};
    }
    if (size <= 0) {
        return {size == 0 ? SocketInput::Kind::end : SocketInput::Kind::failure,
                {}};
    }
    return {
        SocketInput::Kind::bytes,
        {reinterpret_cast<char*>(buffer.data()), static_cast<size_t>(size)}};
}

bool has_input(const ngx_connection_t* c, ngx_event_handler_pt on_write)
{
    return c->read->ready && !reading_needs_room(c, on_write);
}

bool may_have_input(const ngx_connection_t* c, ngx_event_handler_pt on_write)
{
    if (has_input(c, on_write)) {
        return true;
    }
    int bytes = 0;
    return !reading_needs_room(c, on_write) &&
           ioctl(c->fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

} // namespace ws_pubsub
