#include "load/stream.hpp"

#include <array>
#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

#include "shared/socket.hpp"

namespace ws_bench {

namespace {

constexpr size_t kReadBytes = 512UL * 1024;
std::array<char, kReadBytes> read_buffer;

} // namespace

uint64_t Stream::reads_ = 0;

Stream::~Stream()
{
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

void Stream::connect(const Target& target, size_t number, int receive_bytes)
{
    fd_ = connect_to(target.port, number, receive_bytes);
    if (target.tls) {
        tls_ = std::make_unique<Tls>(fd_);
    }
    loop_.add(fd_, *this);
}

void Stream::stall()
{
    loop_.remove(fd_);
}

ssize_t Stream::read(char* out, size_t bytes)
{
    if (tls_ != nullptr) {
        return tls_->read(out, bytes);
    }
    const ssize_t got = recv(fd_, out, bytes, 0);
    return got < 0 && errno != EAGAIN ? 0 : got;
}

ssize_t Stream::write(const char* text, size_t bytes)
{
    if (tls_ != nullptr) {
        return tls_->write(text, bytes);
    }
    const ssize_t sent = ::send(fd_, text, bytes, MSG_NOSIGNAL);
    // Not connected yet is no failure: an event follows either way.
    return sent < 0 && errno != EAGAIN && errno != ENOTCONN ? 0 : sent;
}

void Stream::send(std::string_view bytes)
{
    unsent_ += bytes;
    flush();
}

void Stream::flush()
{
    while (!unsent_.empty() && !closed_) {
        const ssize_t sent = write(unsent_.data(), unsent_.size());
        if (sent < 0) {
            return;
        }
        if (sent == 0) {
            close_now();
            return;
        }
        unsent_.erase(0, static_cast<size_t>(sent));
    }
}

void Stream::on_ready(uint32_t events)
{
    if (closed_) {
        return;
    }
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
        close_now();
        return;
    }
    // TLS may have to write before it can read, and the other way round.
    if (!unsent_.empty()) {
        flush();
    }
    if ((events & (EPOLLIN | EPOLLRDHUP)) != 0 && !closed_) {
        receive();
        if (!unsent_.empty()) {
            flush();
        }
    }
}

void Stream::receive()
{
    for (;;) {
        const size_t kept = unread_.copy(read_buffer.data(), kReadBytes);
        const ssize_t got = read(read_buffer.data() + kept, kReadBytes - kept);
        if (got < 0) {
            return;
        }
        if (got == 0) {
            close_now();
            return;
        }
        reads_++;
        const std::string_view bytes(read_buffer.data(),
                                     kept + static_cast<size_t>(got));
        unread_.assign(bytes.substr(on_bytes(bytes)));
        // A read that did not fill the memory has emptied the socket.
        if (closed_ || (tls_ == nullptr && bytes.size() < kReadBytes)) {
            return;
        }
    }
}

void Stream::close_now()
{
    closed_ = true;
    loop_.remove(fd_);
    on_closed();
}

} // namespace ws_bench
