// What libwebsockets gets in place of the C library's I/O.
//
// auto/lws-redefine.syms renames its calls to these. Only recv() and send()
// do anything; the others say what keeps libwebsockets content.
#include <cerrno>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <zlib.h>

#include "ws/lws_session.hpp"

using ws_pubsub::LwsEngine;
using ws_pubsub::LwsSession;

namespace {

// What open() gives for the random device, the only file it opens.
constexpr int kRandomDevice = 0x7ffffff0;

LwsSession* find(int descriptor)
{
    LwsSession* session = LwsEngine::current()->session_of(descriptor);
    if (session == nullptr) {
        errno = EBADF;
    }
    return session;
}

} // namespace

extern "C" {

ssize_t ngxws_recv(int descriptor, void* buffer, size_t size, int /*flags*/)
{
    LwsSession* session = find(descriptor);
    return session == nullptr ? -1 : session->receive(buffer, size);
}

ssize_t ngxws_send(int descriptor, const void* bytes, size_t size,
                   int /*flags*/)
{
    LwsSession* session = find(descriptor);
    if (session == nullptr) {
        return -1;
    }
    session->send({static_cast<const char*>(bytes), size});
    return static_cast<ssize_t>(size);
}

int ngxws_close(int /*descriptor*/)
{
    return 0;
}

int ngxws_shutdown(int /*descriptor*/, int /*how*/)
{
    return 0;
}

int ngxws_fcntl(int /*descriptor*/, int /*command*/, ...)
{
    return 0;
}

int ngxws_getpeername(int /*descriptor*/, sockaddr* /*address*/,
                      socklen_t* /*size*/)
{
    errno = ENOTCONN;
    return -1;
}

int ngxws_setsockopt(int /*descriptor*/, int /*level*/, int /*option*/,
                     const void* /*value*/, socklen_t /*size*/)
{
    return 0;
}

int ngxws_poll(pollfd* polls, nfds_t /*count*/, int /*timeout*/)
{
    polls->revents = POLLOUT;
    return 1;
}

int ngxws_eventfd(unsigned /*value*/, int /*flags*/)
{
    return LwsEngine::current()->pipe_descriptor();
}

int ngxws_eventfd_write(int /*descriptor*/, eventfd_t /*value*/)
{
    return 0;
}

int ngxws_eventfd_read(int /*descriptor*/, eventfd_t* value)
{
    *value = 1;
    return 0;
}

// It asks for the limit of open files.
long ngxws_sysconf(int /*name*/)
{
    return LwsEngine::current()->max_descriptors();
}

int ngxws_open(const char* /*path*/, int /*flags*/, ...)
{
    return kRandomDevice;
}

ssize_t ngxws_read(int /*descriptor*/, void* buffer, size_t size)
{
    return getrandom(buffer, size, 0);
}

// libwebsockets inflates in steps of kInflateStepBytes, and believes two things
// that don't hold:
//
// - That a message is whole when its last step, in which the four bytes that
//   the sender left out are appended, is done. But what the bytes before them
//   ask for may not have fitted into the steps so far. So all steps but the
//   last leave room for that; and where it is not enough the message is bad,
//   rather than cut and its end another client's.
// - That zlib ends with the message. But a block with BFINAL set ends a stream
//   for zlib, and not a message (RFC 7692 section 7.2.3.4): what is behind it
//   would wait for ever.
int ngxws_inflate(z_stream* stream, int flush)
{
    const bool last = flush == Z_SYNC_FLUSH;
    const uInt kept = last ? 0 : ws_pubsub::kInflateRoomBytes;
    stream->avail_out -= kept;
    int rc = inflate(stream, flush);
    while (rc == Z_STREAM_END) {
        inflateResetKeep(stream);
        rc = stream->avail_in == 0 ? Z_OK : inflate(stream, flush);
    }
    stream->avail_out += kept;
    return last && stream->avail_in > 0 ? Z_DATA_ERROR : rc;
}

void (*ngxws_signal(int /*signal*/, void (*handler)(int)))(int)
{
    return handler;
}

} // extern "C"
