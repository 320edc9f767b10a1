// A host whose worker follows a log and appends to it, by a test's hand.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "log/appender.hpp"
#include "log/tailer.hpp"
#include "support/fake_log.hpp"
#include "support/log_host.hpp"
#include "support/zone.hpp"

namespace ws_pubsub {

// A change that waits, and what it was answered.
struct Asked {
    explicit Asked(Outcome outcome)
    {
        if (!outcome.is_pending()) {
            answer = answer_text(outcome.answer());
            return;
        }
        pending = outcome.take_pending();
        pending->then([this](const Result<ChangeAnswer>& result) {
            answer = answer_text(result);
            pending.reset();
        });
    }
    Asked(const Asked&) = delete;
    Asked& operator=(const Asked&) = delete;

    std::unique_ptr<PendingChange> pending;
    std::string answer; // empty: none yet
};

class Follower final : private AppenderTurns, private TailerOwner {
public:
    // The zone begins where `genesis` is, the log's first entry.
    Follower(FakeRedis& redis, const LogId& genesis, uint64_t nonce)
        : appending_link(redis), following_link(redis),
          host(1UL << 20, 8UL << 10, {1, 2}), appending(appending_link),
          following(following_link)
    {
        host.applier.begin({genesis, nonce, kLogStartMs, 1});
        host.store.following.begin(77);
        worker = *host.store.workers.attach({1234, 1});
        make();
    }

    void make()
    {
        tailer.emplace(host.store, TailerHost{"here", 100'000}, following,
                       appending, host.host_clock,
                       static_cast<TailerOwner&>(*this));
        appender.emplace(host.store, worker, limits, host.host_clock,
                         static_cast<AppenderTurns&>(*this));
        appender->begin(appending);
    }
    // All that is asked over the connections, and what comes of it.
    void settle()
    {
        for (int i = 0; i < 100; i++) {
            following_link.deliver();
            appending_link.deliver();
            if (std::exchange(runs_tailer_, false)) {
                tailer->run();
            }
            if (appender->may_have_answers()) {
                appender->take_answers();
            }
        }
    }
    void open()
    {
        following_link.open = true;
        appending_link.open = true;
        appender->on_open(appending.lineage());
        tailer->on_open(following.lineage());
        settle();
    }
    void cut(FakeLink::Done done)
    {
        appending_link.cut(done);
        appender->on_closed("cut");
    }
    void pass(int64_t ms)
    {
        host.host_clock.now += ms;
        appender->run();
        tailer->run();
        settle();
    }
    Change publication(std::string_view topic, std::string_view payload)
    {
        Change change;
        change.topic = topic;
        change.payload = payload;
        host.store.topics.stamp(change);
        return change;
    }
    std::unique_ptr<Asked> publish(std::string_view topic,
                                   std::string_view payload)
    {
        return std::make_unique<Asked>(
            appender->commit(publication(topic, payload)));
    }
    std::string read(std::string_view topic)
    {
        ReadFrom from;
        from.kind = ReadFrom::Kind::last;
        from.last = 1000;
        Batch batch;
        host.store.topics.read(topic, from, {}, batch);
        return batch_text(batch);
    }

    AppenderLimits limits{};
    FakeLink appending_link;
    FakeLink following_link;
    LogHost host;
    FakeLog appending;
    FakeLog following;
    WorkerId worker = 0;
    std::optional<Tailer> tailer;
    std::optional<Appender> appender;
    std::vector<std::string> told;
    int joins = 0;
    int follows = 0;
    int sent_away = 0;
    bool pauses = false;

private:
    void run_appender_in(int64_t /*ms*/) override {}
    void run_tailer_in(int64_t ms) override { runs_tailer_ |= ms <= 1; }
    void log(LogLevel /*level*/, std::string_view text) override
    {
        told.emplace_back(text);
    }
    void begin_following() override { follows++; }
    void end_following() override { follows--; }
    void send_sessions_away() override { sent_away++; }
    void applied(const LogId& /*id*/, size_t /*bytes*/,
                 bool /*changes*/) override
    {}
    [[nodiscard]] bool may_apply() const override { return !pauses; }
    void join() override { joins++; }
    void stop_joining() override { joins--; }

    bool runs_tailer_ = false;
};

} // namespace ws_pubsub
