#include "ws/flush_list.hpp"

#include <new>
#include <utility>

#include "ngx/guard.hpp"
#include "ws/connection.hpp"

namespace ws_pubsub {

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
        prefetch_from(i);
        Connection* connection = std::exchange(writing_[i], nullptr);
        if (connection != nullptr && !guarded([&] { connection->flush(); })) {
            connection->fail();
        }
    }
    writing_.clear();
}

// What the next ones need is brought closer while one is written: in three
// steps, since each is found by way of the one before it.
void FlushList::prefetch_from(size_t place) const
{
    const auto at = [&](size_t ahead) {
        const size_t i = place + ahead;
        return i < writing_.size() ? writing_[i] : nullptr;
    };
    if (const Connection* connection = at(3)) {
        connection->prefetch();
    }
    if (const Connection* connection = at(2)) {
        connection->prefetch_socket();
    }
    if (const Connection* connection = at(1)) {
        connection->prefetch_event();
    }
}

} // namespace ws_pubsub
