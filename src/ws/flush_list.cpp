#include "ws/flush_list.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include "ngx/guard.hpp"
#include "ws/connection.hpp"

namespace ws_pubsub {

namespace {

constexpr size_t kSentTogether = 64;

} // namespace

FlushList::FlushList()
{
    event_.data = this;
    event_.handler = on_posted;
    event_.log = ngx_cycle->log;
}

FlushList::~FlushList()
{
    if (event_.posted) {
        ngx_delete_posted_event(&event_);
    }
}

uint32_t FlushList::add(Connection& connection) noexcept
{
    try {
        waiting_.push_back(&connection);
    } catch (const std::bad_alloc&) {
        return kNone;
    }
    if (!event_.posted) {
        ngx_post_event(&event_, &ngx_posted_events);
    }
    return static_cast<uint32_t>(waiting_.size() - 1);
}

void FlushList::remove(const Connection& connection, uint32_t place)
{
    const bool is_next =
        place >= writing_.size() || writing_[place] != &connection;
    (is_next ? waiting_ : writing_)[place] = nullptr;
}

void FlushList::on_posted(ngx_event_t* event)
{
    static_cast<FlushList*>(event->data)->run();
}

// Who is added meanwhile has its turn next time.
void FlushList::run()
{
    writing_.swap(waiting_);
    for (size_t i = 0; i < writing_.size(); i++) {
        if (i % kSentTogether == 0) {
            send_simple(i, std::min(i + kSentTogether, writing_.size()));
        }
        Connection* connection = std::exchange(writing_[i], nullptr);
        if (connection != nullptr && !guarded([&] { connection->flush(); })) {
            connection->fail();
        }
    }
    writing_.clear();
}

// Sends at once what needs no more than that. Done in three loops: a system
// call displaces what the processor has at hand (its caches, on some machines
// also the address translations), so that between two of them nothing is
// touched but this list.
void FlushList::send_simple(size_t first, size_t last)
{
    struct Send {
        size_t place = 0; // in writing_
        int socket = -1;
        std::string_view bytes;
        ssize_t sent = 0;
    };
    std::array<Send, kSentTogether> sends;
    size_t count = 0;
    for (size_t i = first; i < last; i++) {
        prefetch_from(i);
        const Connection* connection = writing_[i];
        if (connection == nullptr) {
            continue;
        }
        const std::string_view bytes = connection->sendable();
        if (!bytes.empty()) {
            sends[count++] = {i, connection->socket(), bytes};
        }
    }
    const std::span made(sends.data(), count);
    for (Send& send : made) {
        send.sent = ::send(send.socket, send.bytes.data(), send.bytes.size(),
                           MSG_NOSIGNAL);
    }
    for (const Send& send : made) {
        // What failed is tried again, and then told, by flush().
        if (send.sent > 0 &&
            writing_[send.place]->on_sent(static_cast<size_t>(send.sent))) {
            writing_[send.place] = nullptr;
        }
    }
}

// What the next ones need is brought closer: in two steps, since one is found
// by way of the other.
void FlushList::prefetch_from(size_t place) const
{
    const auto at = [&](size_t ahead) {
        const size_t i = place + ahead;
        return i < writing_.size() ? writing_[i] : nullptr;
    };
    if (const Connection* connection = at(8)) {
        connection->prefetch();
    }
    if (const Connection* connection = at(4)) {
        connection->prefetch_socket();
    }
}

} // namespace ws_pubsub
