// Hosts that share a fake log, each with a zone, and what brings it to the log;
// turns come in a random order, and time passes when nobody has anything to do.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "log/joining.hpp"
#include "support/asserts.hpp"
#include "support/fake_log.hpp"
#include "support/log_host.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {

// A worker of a host, which may die: its zone stays.
class FakeWorker final : public JoiningOwner {
public:
    FakeWorker(FakeRedis& redis, LogHost& zone, uint64_t number,
               uint64_t capacity_bytes)
        : link(redis), log_port(link), snapshots(link), zone_(zone),
          joining({log_port, snapshots, zone.store.topics.parts(), zone.applier,
                   zone.host_clock, number},
                  capacity_bytes, *this)
    {}

    void run_in(int64_t ms) override { due_ms = zone_.host_clock.now + ms; }
    void log(LogLevel /*level*/, std::string_view text) override
    {
        lines.emplace_back(text);
    }
    void on_replacing() override { replacings++; }
    void on_joined(const Joined& how) override { joined = how; }
    void on_stuck(std::string_view why) override { stuck = why; }

    FakeLink link;
    FakeLog log_port;
    FakeSnapshots snapshots;
    std::optional<int64_t> due_ms;
    std::vector<std::string> lines;
    int replacings = 0;
    std::optional<Joined> joined;
    std::string stuck;

private:
    LogHost& zone_;

public:
    Joining joining;
};

struct FakeHost {
    FakeHost(FakeRedis& redis, uint64_t number_, size_t bytes,
             uint64_t capacity_bytes_ = 0)
        : number(number_), capacity_bytes(capacity_bytes_),
          zone(bytes, 256UL << 10, {number_, 3})
    {
        zone.host_clock.now = redis.now_ms;
        zone.applier.begin({{}, 0, redis.now_ms, 1}); // of no log yet
        start(redis);
    }
    void start(FakeRedis& redis)
    {
        worker =
            std::make_unique<FakeWorker>(redis, zone, number, capacity_bytes);
    }
    // What is in the log behind what it has.
    void follow(const FakeRedis& redis)
    {
        for (const FakeEntry& entry : redis.log) {
            if (!(entry.id <= zone.header->replica.last)) {
                (void)zone.apply({entry.id, entry.bytes});
            }
        }
    }
    [[nodiscard]] const ReplicaBook& book() const
    {
        return zone.header->replica;
    }
    // As a tailer does.
    [[nodiscard]] bool is_in(const FakeRedis& redis) const
    {
        const FakeEntry* entry = redis.find(book().last);
        return entry != nullptr &&
               decode_entry(entry->bytes)->head.nonce == book().last_nonce;
    }

    uint64_t number;
    uint64_t capacity_bytes;
    LogHost zone;
    std::unique_ptr<FakeWorker> worker; // null: it has died
};

class Cluster {
public:
    explicit Cluster(uint64_t seed) : random_(seed) {}

    FakeHost& add(size_t bytes = 2UL << 20, uint64_t capacity_bytes = 0)
    {
        hosts.push_back(std::make_unique<FakeHost>(redis, hosts.size() + 1,
                                                   bytes, capacity_bytes));
        return *hosts.back();
    }
    LogId publish(std::string_view topic, std::string_view payload,
                  uint32_t history = 0)
    {
        Change change;
        change.topic = topic;
        change.payload = payload;
        change.policy.history = history;
        number_++;
        redis.now_ms += 3;
        return redis.append(encode({number_, 99, number_}, change));
    }
    // A turn of somebody, or time passes. False: nobody has anything to do.
    bool turn()
    {
        std::vector<std::function<void()>> ready;
        std::optional<int64_t> next;
        for (const auto& host : hosts) {
            FakeWorker* worker = host->worker.get();
            if (worker == nullptr) {
                continue;
            }
            if (!worker->link.calls.empty()) {
                ready.emplace_back([worker] { worker->link.deliver(); });
            }
            if (worker->due_ms && *worker->due_ms <= redis.now_ms) {
                ready.emplace_back([worker] {
                    worker->due_ms.reset();
                    worker->joining.run();
                });
            } else if (worker->due_ms && (!next || *worker->due_ms < *next)) {
                next = worker->due_ms;
            }
        }
        if (!ready.empty()) {
            ready[random_() % ready.size()]();
            return true;
        }
        if (next) {
            pass(*next - redis.now_ms);
        }
        return next.has_value();
    }
    void pass(int64_t ms)
    {
        redis.now_ms += ms;
        for (const auto& host : hosts) {
            host->zone.host_clock.now = redis.now_ms;
        }
    }
    void run_until(const std::function<bool()>& holds)
    {
        for (size_t i = 0; !holds(); i++) {
            const bool more = turn();
            for (const auto& host : hosts) {
                if (host->worker != nullptr && !more) {
                    assert_text(host->worker->stuck, "");
                }
            }
            assert_true(i < 200'000 && more);
        }
    }
    // All that live.
    void run_until_joined()
    {
        run_until([this] {
            return std::all_of(hosts.begin(), hosts.end(), [](auto& host) {
                return host->worker == nullptr ||
                       host->worker->joined.has_value();
            });
        });
    }
    void begin_all()
    {
        for (const auto& host : hosts) {
            host->worker->joined.reset();
            host->worker->joining.begin();
        }
    }
    uint64_t random() { return random_(); }

    FakeRedis redis;
    std::vector<std::unique_ptr<FakeHost>> hosts;

private:
    std::mt19937_64 random_;
    uint64_t number_ = 0;
};

} // namespace ws_pubsub
