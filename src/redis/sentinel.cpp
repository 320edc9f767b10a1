#include "ngx/ngx.hpp"

#include "redis/sentinel.hpp"

#include <charconv>
#include <string>
#include <utility>

#include "ngx/guard.hpp"
#include "redis/replication.hpp"

namespace ws_pubsub::redis {

namespace {

// What is answered: an array of host and port; nil: they know no such one.
std::optional<Place> read_place(const Reply& reply)
{
    const std::string_view host = reply[0].text();
    const std::string_view text = reply[1].text();
    const char* const end = text.data() + text.size();
    uint16_t port = 0;
    const auto [behind, error] = std::from_chars(text.data(), end, port);
    if (host.empty() || error != std::errc() || behind != end || port == 0) {
        return std::nullopt;
    }
    return place_of(host, port);
}

} // namespace

Sentinel::Sentinel(const Sentinels& sentinels, Handler handler)
    : sentinels_(sentinels), handler_(std::move(handler)),
      turn_(on_turn, this, ngx_cycle->log)
{}

void Sentinel::ask(size_t first)
{
    at_ = first % sentinels_.hosts.size();
    left_ = sentinels_.hosts.size();
    connect();
}

void Sentinel::connect()
{
    connection_.reset();
    server_ = Server{sentinels_.hosts[at_], nullptr, sentinels_.login};
    ConnectionOwner& self = *this;
    connection_.emplace(*server_, self);
    connection_->start();
}

void Sentinel::cancel()
{
    left_ = 0;
    if (connection_) {
        connection_->close("given up");
    }
}

void Sentinel::on_open()
{
    connection_->send(
        {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", sentinels_.master}, kReplyMs,
        [this](const Ending& ending) { take(ending); });
}

void Sentinel::take(const Ending& ending)
{
    if (!ending.reply || left_ == 0) {
        return;
    }
    const Reply& reply = *ending.reply;
    const std::optional<Place> place = read_place(reply);
    if (!place) {
        return connection_->close(
            reply.error().empty() ? "it knows no \"" + sentinels_.master + "\""
                                  : std::string(reply.error()));
    }
    const Host host = sentinels_.hosts[at_].elsewhere(*place);
    left_ = 0;
    connection_->close("it was asked");
    handler_(&host, {});
}

// The next one, but not amid the end of the connection that is in its place.
void Sentinel::on_closed(std::string_view why)
{
    if (left_ == 0) {
        return;
    }
    at_ = (at_ + 1) % sentinels_.hosts.size();
    if (--left_ > 0) {
        turn_.ask();
    } else {
        handler_(nullptr, "sentinel " + std::string(why));
    }
}

void Sentinel::on_turn(void* self)
{
    auto& sentinel = *static_cast<Sentinel*>(self);
    if (sentinel.left_ > 0 && !guarded([&] { sentinel.connect(); })) {
        sentinel.left_ = 0;
        guarded([&] { sentinel.handler_(nullptr, "no memory"); });
    }
}

} // namespace ws_pubsub::redis
