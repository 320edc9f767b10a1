#include "floor/connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

#include "floor/hub.hpp"
#include "shared/accept_key.hpp"
#include "shared/http.hpp"

namespace ws_bench {

namespace {

constexpr size_t kReadBytes = 256UL * 1024;
constexpr std::string_view kPublished = "HTTP/1.1 202 Accepted\r\n"
                                        "Content-Length: 0\r\n\r\n";

// All connections read into the same memory.
std::array<char, kReadBytes> read_buffer;

std::string_view path_of(std::string_view head)
{
    const size_t begin = head.find(' ') + 1;
    return head.substr(begin, head.find(' ', begin) - begin);
}

} // namespace

Connection::~Connection()
{
    if (upgraded_) {
        hub_.unsubscribe(*this);
    }
    close(fd_);
}

bool Connection::on_readable()
{
    // A read that did not fill the memory has emptied the socket.
    for (bool full = true; full && !over_;) {
        size_t kept = 0;
        if (unread_ != nullptr) {
            kept = unread_->copy(read_buffer.data(), kReadBytes);
            unread_.reset();
        }
        const ssize_t got =
            recv(fd_, read_buffer.data() + kept, kReadBytes - kept, 0);
        if (got <= 0) {
            return got < 0 && errno == EAGAIN;
        }
        const std::string_view bytes(read_buffer.data(),
                                     kept + static_cast<size_t>(got));
        full = bytes.size() == kReadBytes;
        // What a subscriber says does not matter.
        const size_t used = upgraded_ ? bytes.size() : take_requests(bytes);
        if (used < bytes.size()) {
            unread_ = std::make_unique<std::string>(bytes.substr(used));
        }
    }
    return !over_;
}

size_t Connection::take_requests(std::string_view bytes)
{
    size_t used = 0;
    while (const auto head = http_head(bytes.substr(used))) {
        const size_t body = http_body_bytes(*head);
        if (bytes.size() - used < head->size() + body) {
            break;
        }
        answer(*head, bytes.substr(used + head->size(), body));
        used += head->size() + body;
    }
    return used;
}

void Connection::answer(std::string_view head, std::string_view body)
{
    if (head.starts_with("POST ")) {
        hub_.publish(path_of(head), body);
        if (answers_ == nullptr) {
            answers_ = std::make_unique<std::string>();
            hub_.answer_later(*this);
        }
        *answers_ += kPublished;
        return;
    }
    const std::string_view key = http_header(head, "sec-websocket-key");
    if (key.empty()) {
        over_ = true;
        return;
    }
    send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
         "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
         accept_key(key) + "\r\n\r\n");
    upgraded_ = true;
    hub_.subscribe(path_of(head), *this);
}

void Connection::send_answers()
{
    send(*answers_);
    answers_.reset();
}

void Connection::send(std::string_view bytes)
{
    if (backlog_ == nullptr) {
        const ssize_t sent =
            ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent == static_cast<ssize_t>(bytes.size())) {
            return;
        }
        bytes.remove_prefix(static_cast<size_t>(std::max<ssize_t>(sent, 0)));
        backlog_ = std::make_unique<std::string>();
    }
    if (backlog_->size() < kMaxBacklogBytes) {
        *backlog_ += bytes;
    }
}

bool Connection::on_writable()
{
    if (backlog_ == nullptr) {
        return true;
    }
    const ssize_t sent =
        ::send(fd_, backlog_->data(), backlog_->size(), MSG_NOSIGNAL);
    if (sent < 0) {
        return errno == EAGAIN;
    }
    backlog_->erase(0, static_cast<size_t>(sent));
    if (backlog_->empty()) {
        backlog_.reset();
    }
    return true;
}

} // namespace ws_bench
