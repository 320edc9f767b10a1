// Commands over a link, asked for over HTTP:
//
//   location = /redis { redis_probe URL... [user=] [password=] [name=]
//                                   [trusted_certificate=]
//                                   [sentinel_user=] [sentinel_password=]; }
//
//   ?w=GET&w=key      sends a command; the answer is its reply, as text, or
//                     "! sent WHY", "! kept WHY" where its connection has ended
//   &x=1000           one more word, of so many bytes
//   &n=100            so often, in one turn; the answers in lines
//   &timeout=500      milliseconds for each reply; 3000 if not said
//   &close=1          the callback of the first reply closes the connection
//   ?state            "open" or "closed", how often it was opened and closed,
//                     and why last
//   ?close            closes the connection, as its owner does
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string>
#include <string_view>

#include "probe.hpp"
#include "redis/link.hpp"

namespace ws_pubsub::probe {

class CommandProbe final : public Probe, private redis::ConnectionOwner {
public:
    void start() override;
    void stop() override { link_.reset(); }
    ngx_int_t handle(ngx_http_request_t* r) override;

private:
    struct Question;

    void on_open() override { opened_++; }
    void on_closed(std::string_view why) override;
    [[nodiscard]] std::string state() const;
    ngx_int_t ask(ngx_http_request_t* r, const Question& question);

    std::optional<redis::Link> link_;
    unsigned opened_ = 0;
    unsigned closed_ = 0;
    std::string why_;
};

} // namespace ws_pubsub::probe
