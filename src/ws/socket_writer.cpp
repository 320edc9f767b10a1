#include "ws/socket_writer.hpp"

#include <algorithm>
#include <string>

namespace ws_pubsub {

namespace {

constexpr size_t kBuffersPerCall = 64;
constexpr size_t kTlsRecordBytes = 16UL * 1024;

// nginx's buffers are not const; it only reads these.
u_char* bytes_of(const Frame& frame)
{
    return reinterpret_cast<u_char*>(const_cast<char*>(frame.data()));
}

// Puts the frames that fit into one TLS record together at the front.
void merge_small(Outbox& outbox)
{
    size_t count = 0;
    size_t bytes = 0;
    while (count < outbox.frames() &&
           bytes + outbox[count].size() <= kTlsRecordBytes) {
        bytes += outbox[count++].size();
    }
    if (count < 2) {
        return;
    }
    std::string merged;
    merged.reserve(bytes);
    uint32_t messages = 0;
    for (size_t i = 0; i < count; i++) {
        merged.append(outbox[i].data(), outbox[i].size());
        messages += outbox[i].messages();
    }
    outbox.replace_front(count, FrameRef::make(merged, messages));
}

} // namespace

bool SocketWriter::write(ngx_connection_t* c, Outbox& outbox)
{
    while (!outbox.empty()) {
        Written written = Written::some;
        if (c->write->ready) {
            written = c->ssl != nullptr ? write_tls(c, outbox)
                                        : write_plain(c, outbox);
        }
        if (written == Written::failed) {
            return false;
        }
        if (written == Written::some) {
            return ngx_handle_write_event(c->write, 0) == NGX_OK;
        }
    }
    return true;
}

SocketWriter::Written SocketWriter::write_plain(ngx_connection_t* c,
                                                Outbox& outbox)
{
    ngx_buf_t buffers[kBuffersPerCall] = {};
    ngx_chain_t chain[kBuffersPerCall];
    const size_t count = std::min(outbox.frames(), kBuffersPerCall);
    off_t wanted = 0;
    for (size_t i = 0; i < count; i++) {
        ngx_buf_t& buffer = buffers[i];
        buffer.memory = 1;
        buffer.start = bytes_of(outbox[i]);
        buffer.end = buffer.last = buffer.start + outbox[i].size();
        buffer.pos = buffer.start + (i == 0 ? outbox.front_offset() : 0);
        wanted += buffer.last - buffer.pos;
        chain[i].buf = &buffer;
        chain[i].next = i + 1 < count ? &chain[i + 1] : nullptr;
    }
    buffers[count - 1].flush = 1;

    const off_t sent_before = c->sent;
    if (c->send_chain(c, chain, 0) == NGX_CHAIN_ERROR) {
        return Written::failed;
    }
    const off_t sent = c->sent - sent_before;
    outbox.consume(static_cast<size_t>(sent));
    return sent == wanted ? Written::all : Written::some;
}

SocketWriter::Written SocketWriter::write_tls(ngx_connection_t* c,
                                              Outbox& outbox)
{
    if (!pinned_ && outbox.front_offset() == 0) {
        merge_small(outbox);
    }
    const Frame& front = outbox[0];
    const size_t wanted = front.size() - outbox.front_offset();
    const ssize_t sent =
        c->send(c, bytes_of(front) + outbox.front_offset(), wanted);
    if (sent == NGX_ERROR) {
        return Written::failed;
    }
    pinned_ = sent == NGX_AGAIN;
    if (sent > 0) {
        outbox.consume(static_cast<size_t>(sent));
    }
    return sent > 0 && static_cast<size_t>(sent) == wanted ? Written::all
                                                           : Written::some;
}

} // namespace ws_pubsub
