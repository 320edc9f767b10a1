#include "ws/socket_writer.hpp"

#include <algorithm>
#include <string>

namespace ws_pubsub {

namespace {

// Small frames are copied together and sent by send(): for the kernel that is
// less work than a list of buffers. More than this is not copied.
constexpr size_t kCopiedBytes = 16UL * 1024;
constexpr size_t kBuffersPerCall = 64;
constexpr size_t kTlsRecordBytes = 16UL * 1024;

// nginx's buffers are not const; it only reads these.
u_char* bytes_of(std::string_view bytes)
{
    return reinterpret_cast<u_char*>(const_cast<char*>(bytes.data()));
}

u_char* bytes_of(const Frame& frame)
{
    return bytes_of({frame.data(), frame.size()});
}

// How many of the first frames are not more than `most` bytes together.
size_t frames_within(const Outbox& outbox, size_t most)
{
    size_t count = 0;
    size_t bytes = 0;
    while (count < outbox.frames() && bytes + outbox[count].size() <= most) {
        bytes += outbox[count++].size();
    }
    return count;
}

// Puts the frames that fit into one TLS record together at the front.
void merge_small(Outbox& outbox)
{
    const size_t count = frames_within(outbox, kTlsRecordBytes);
    if (count < 2) {
        return;
    }
    std::string merged;
    uint32_t messages = 0;
    for (size_t i = 0; i < count; i++) {
        merged.append(outbox[i].data(), outbox[i].size());
        messages += outbox[i].messages();
    }
    outbox.replace_front(count, FrameRef::make(merged, messages));
}

} // namespace

bool shut_for_writing(ngx_connection_t* c)
{
#if (NGX_HTTP_SSL)
    if (c->ssl != nullptr) {
        // One try: the peer sees the end of the stream below anyway.
        SSL_shutdown(c->ssl->connection);
        ERR_clear_error();
    }
#endif
    return ngx_shutdown_socket(c->fd, NGX_WRITE_SHUTDOWN) != -1;
}

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
    if (outbox.frames() == 1) {
        return send_bytes(c, outbox, outbox.front());
    }
    const size_t count = frames_within(outbox, kCopiedBytes);
    if (count < 2) {
        return write_list(c, outbox);
    }
    // Where it was sent only in part, the rest is copied again next time: the
    // kernel does not care where the bytes lie.
    static u_char copy[kCopiedBytes];
    u_char* end = copy;
    for (size_t i = 0; i < count; i++) {
        const size_t skipped = i == 0 ? outbox.front_offset() : 0;
        end = ngx_cpymem(end, bytes_of(outbox[i]) + skipped,
                         outbox[i].size() - skipped);
    }
    return send_bytes(
        c, outbox,
        {reinterpret_cast<char*>(copy), static_cast<size_t>(end - copy)});
}

// Sends bytes that the outbox begins with.
SocketWriter::Written SocketWriter::send_bytes(ngx_connection_t* c,
                                               Outbox& outbox,
                                               std::string_view bytes)
{
    const ssize_t sent = c->send(c, bytes_of(bytes), bytes.size());
    if (sent == NGX_ERROR) {
        return Written::failed;
    }
    if (sent > 0) {
        outbox.consume(static_cast<size_t>(sent));
    }
    return sent == static_cast<ssize_t>(bytes.size()) ? Written::all
                                                      : Written::some;
}

// Large frames: as many as one call takes, without a copy.
SocketWriter::Written SocketWriter::write_list(ngx_connection_t* c,
                                               Outbox& outbox)
{
    ngx_buf_t buffers[kBuffersPerCall];
    ngx_chain_t chain[kBuffersPerCall];
    const size_t count = std::min(outbox.frames(), kBuffersPerCall);
    off_t wanted = 0;
    for (size_t i = 0; i < count; i++) {
        ngx_buf_t& buffer = buffers[i];
        buffer = {};
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

// One record. OpenSSL counts nothing as sent before all that it was given is
// out: of a larger piece nobody could tell how much the peer takes.
SocketWriter::Written SocketWriter::write_tls(ngx_connection_t* c,
                                              Outbox& outbox)
{
    if (!pinned() && outbox.front_offset() == 0) {
        merge_small(outbox);
    }
    const std::string_view record =
        outbox.front().substr(0, pinned() ? pinned_bytes_ : kTlsRecordBytes);
    const size_t left = outbox.bytes();
    const Written written = send_bytes(c, outbox, record);
    const bool waits = written == Written::some && outbox.bytes() == left;
    pinned_bytes_ = waits ? static_cast<uint16_t>(record.size()) : 0;
    return written;
}

} // namespace ws_pubsub
