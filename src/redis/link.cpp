#include "ngx/ngx.hpp"

#include "redis/link.hpp"

#include <utility>

#include "ngx/guard.hpp"

namespace ws_pubsub::redis {

namespace {

int64_t now_ms()
{
    return static_cast<int64_t>(ngx_current_msec);
}

} // namespace

Link::Link(const std::vector<Server>& servers, ConnectionOwner& owner)
    : servers_(servers), owner_(owner), timer_(on_timer, this, ngx_cycle->log)
{
    timer_.let_worker_end();
}

void Link::start()
{
    timer_.start(1);
}

bool Link::send(const Command& command, int64_t timeout_ms,
                Pipeline::Callback callback)
{
    return connection_ &&
           connection_->send(command, timeout_ms, std::move(callback));
}

void Link::close(std::string_view why)
{
    if (sentinel_ && sentinel_->is_asking()) {
        sentinel_->cancel();
        on_closed(why);
    } else if (connection_) {
        connection_->close(why);
    }
}

void Link::on_open()
{
    opened_ms_ = now_ms();
    owner_.on_open();
}

// One that lasted was a success. (A server that lets everybody in and then
// refuses each command is not.)
void Link::on_closed(std::string_view why)
{
    if (opened_ms_ && now_ms() - *opened_ms_ >= Backoff::kMostMs) {
        backoff_.reset();
    }
    opened_ms_.reset();
    pause();
    owner_.on_closed(why);
}

void Link::pause()
{
    const auto any = static_cast<uint32_t>(ngx_random());
    timer_.start(static_cast<ngx_msec_t>(backoff_.next_ms(any)));
}

void Link::begin()
{
    if (moved_) {
        const Place place = *std::exchange(moved_, {});
        return take_found(*server_, server_->host.elsewhere(place));
    }
    const Server& server = servers_[next_];
    next_ = (next_ + 1) % servers_.size();
    if (server.sentinels) {
        search(server);
    } else {
        connect(server);
    }
}

// Another one first each time: one that is wrong would be asked for ever.
void Link::search(const Server& server)
{
    const auto found = [this, &server](const Host* host, std::string_view why) {
        if (host == nullptr) {
            return on_closed(why);
        }
        if (!guarded([&] { take_found(server, *host); }) && !timer_.is_set()) {
            on_closed("no memory");
        }
    };
    sentinel_.emplace(*server.sentinels, found);
    sentinel_->ask(asked_++);
}

void Link::take_found(const Server& server, const Host& host)
{
    Server found = server;
    found.host = host;
    connection_.reset(); // it refers to the one before
    connect(found_.emplace(std::move(found)));
}

void Link::connect(const Server& server)
{
    server_ = &server;
    ConnectionOwner& self = *this;
    connection_.emplace(server, self);
    connection_->start();
}

void Link::on_timer(void* self)
{
    auto& link = *static_cast<Link*>(self);
    if (!guarded([&] { link.begin(); }) && !link.timer_.is_set()) {
        link.pause();
    }
}

} // namespace ws_pubsub::redis
