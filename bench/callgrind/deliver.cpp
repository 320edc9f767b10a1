// From the zone into the outboxes of sessions, and out of these again.
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.hpp"
#include "callgrind/script.hpp"
#include "callgrind/zone.hpp"
#include "proto/dialects.hpp"
#include "wire/frame_writer.hpp"

namespace ws_bench {

namespace {

constexpr std::string_view kTopic = "prices/fx/EURUSD";

class NoScheduler final : public ws_pubsub::Scheduler {
public:
    void run_soon() override {}
    void read_inbox_soon() override {}
    void read_inbox_next() override {}
    void run_at(int64_t /*ticks_ms*/) override {}
};

class NoTransport final : public ws_pubsub::Transport {
public:
    void flush_soon() override {}
    void flush_now() override {}
    void close(ws_pubsub::EndCause /*cause*/,
               std::string_view /*reason*/) override
    {
        std::abort();
    }
};

// Sessions that are all subscribed to the same selectors.
class Deliver final : public Job {
public:
    Deliver(size_t sessions, size_t messages, bool wild)
        : messages_(messages),
          broker_(zone_.store, zone_.policies, zone_.worker, dialects_.encoder,
                  scheduler_, zone_.clock)
    {
        zone_.publish(kTopic, payload_);
        for (size_t i = 0; i < sessions; i++) {
            sessions_.push_back(std::make_unique<ws_pubsub::Session>(
                transport_, ws_pubsub::Encoding{ws_pubsub::kPlainDialect},
                limits_));
            leases_.push_back(broker_.admit(0));
            subscribe(*sessions_.back(), "prices/fx/EURUSD");
            if (wild) {
                subscribe(*sessions_.back(), "prices/**");
                subscribe(*sessions_.back(), "*/fx/*");
            }
        }
        while (broker_.run()) { // what they start with
        }
    }
    ~Deliver() override
    {
        for (const auto& session : sessions_) {
            broker_.remove_session(*session);
        }
    }
    void run() override
    {
        for (size_t i = 0; i < messages_; i++) {
            zone_.publish(kTopic, payload_);
        }
        while (broker_.read_inbox()) {
        }
        // As if the socket took it all.
        for (const auto& session : sessions_) {
            session->outbox().consume(session->outbox().bytes());
        }
    }

private:
    void subscribe(ws_pubsub::Session& session, std::string_view selector)
    {
        ws_pubsub::SubscribeOptions options;
        options.start.from.kind = ws_pubsub::ReadFrom::Kind::nothing;
        const auto subscribed = broker_.subscribe(
            session, *ws_pubsub::Selector::parse(selector), std::move(options));
        if (!subscribed) {
            std::abort();
        }
        broker_.start(*subscribed->subscription);
    }

    size_t messages_;
    std::string payload_ = std::string(64, 'x');
    Zone zone_;
    NoTransport transport_;
    ws_pubsub::SessionLimits limits_;
    NoScheduler scheduler_;
    ws_pubsub::FrameWriter writer_;
    ws_pubsub::Dialects dialects_{writer_};
    ws_pubsub::Broker broker_;
    std::vector<ws_pubsub::SessionLease> leases_;
    std::vector<std::unique_ptr<ws_pubsub::Session>> sessions_;
};

} // namespace

std::vector<Script> deliver_scripts()
{
    return {
        {"deliver to 1 session, 64 B, a message",
         "all but the sockets: publish, read the inbox, encode, enqueue, and "
         "forget what is written",
         1000, 1, make_job<Deliver, 1, 1, false>},
        {"deliver to 1,000 sessions, 64 B, a delivery",
         "the session's stamp and limits, a reference to the frame into its "
         "outbox, and out of it again",
         100, 1000, make_job<Deliver, 1000, 1, false>},
        {"deliver to 1,000 sessions, 16 x 64 B, a delivery",
         "as above for 16 messages in one frame buffer", 20, 16'000,
         make_job<Deliver, 1000, 16, false>},
        {"deliver to 1,000 sessions of 3 selectors each, a delivery",
         "as with one selector, and two looks at the session's stamp", 100,
         1000, make_job<Deliver, 1000, 1, true>},
    };
}

} // namespace ws_bench
