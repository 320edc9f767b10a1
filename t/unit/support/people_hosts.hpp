// Hosts that follow one log and tell each other of their people.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "log/log.hpp"
#include "log/people_teller.hpp"
#include "support/asserts.hpp"
#include "support/log_host.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {

struct SharedLog {
    void add(std::string bytes)
    {
        id.number++;
        entries.push_back({id, std::move(bytes)});
    }

    std::vector<LoggedEntry> entries;
    LogId id{kLogStartMs + 10, 0};
};

// A host's connection to it. What is appended is answered by answer().
class LogConnection final : public Log {
public:
    explicit LogConnection(SharedLog& log) : log_(log) {}

    [[nodiscard]] bool is_open() const override { return is_open_; }
    [[nodiscard]] std::string_view lineage() const override { return "one"; }
    bool append(std::string_view entry, Done done) override
    {
        if (!is_open_) {
            return false;
        }
        if (loses_) {
            lost_.push_back({{}, std::string(entry)});
        } else {
            log_.add(std::string(entry));
        }
        appended_.push_back(std::string(entry));
        done_.push_back(std::move(done));
        return true;
    }
    bool look_up(const LogId&, FoundRecord) override { return false; }
    bool follow(const LogId&, int64_t, FoundRecords) override { return false; }
    bool tail(FoundId) override { return false; }
    bool trim(const LogId&, Done) override { return false; }
    void close(std::string_view) override { is_open_ = false; }

    void open() { is_open_ = true; }
    // What is appended gets nowhere, or only by arrive().
    void lose(bool loses) { loses_ = loses; }
    void answer(LogOutcome::Kind kind = LogOutcome::Kind::done)
    {
        for (const Done& done : std::exchange(done_, {})) {
            done({kind, ""});
        }
    }
    void arrive()
    {
        for (LoggedEntry& entry : std::exchange(lost_, {})) {
            log_.add(std::move(entry.bytes));
        }
    }
    // What was, since the last call.
    std::vector<std::string> take() { return std::exchange(appended_, {}); }

private:
    SharedLog& log_;
    std::vector<LoggedEntry> lost_;
    std::vector<std::string> appended_;
    std::vector<Done> done_;
    bool is_open_ = true;
    bool loses_ = false;
};

// With two workers, of which the second has somebody who watches a room.
struct PeoplesHost {
    PeoplesHost(SharedLog& shared, uint64_t number,
                size_t arena_bytes = 2UL << 20)
        : log(shared), id(number), host(arena_bytes, 8UL << 10, {number, 2}),
          connection(shared), next(shared.entries.size())
    {
        store().following.begin(id);
        store().following.set_state(ClusterState::following);
        first = *store().workers.attach({1}, 1);
        second = *store().workers.attach({2}, 2);
        (void)store().following.lead(second);
        teller = std::make_unique<PeopleTeller>(store(), host.host_clock);
    }

    Store& store() { return host.store; }
    void watch(std::string_view room = "room")
    {
        watcher = store().interests.add(second, room, 9).interest;
        assert_non_null(watcher);
    }
    bool join(std::string_view who, WorkerId worker,
              std::string_view room = "room")
    {
        Interest* interest = store().interests.add(worker, room, 1).interest;
        return interest != nullptr && store().presence.join(*interest, who);
    }
    void join(std::string_view who) { assert_true(join(who, first)); }
    void leave(std::string_view who, WorkerId worker,
               std::string_view room = "room", bool expected_back = false)
    {
        Interest* interest = store().interests.add(worker, room, 1).interest;
        assert_non_null(interest);
        store().presence.leave(*interest, who, expected_back);
    }
    void leave(std::string_view who) { leave(who, first); }

    // What the second worker is told, "+ann -bob".
    std::string told()
    {
        std::string text;
        Delivery delivery;
        Batch batch;
        while (store().inboxes.read(second, SIZE_MAX, delivery, batch)) {
            for (const PresenceChange& change : delivery.presence) {
                text += text.empty() ? "" : " ";
                text += (change.join ? "+" : "-") + change.who;
                (void)(change.join ? seen.insert(change.who).second
                                   : seen.erase(change.who) == 1);
            }
        }
        return text;
    }
    std::string who(std::string_view room = "room")
    {
        const PresenceList present = store().presence.who(room, 10'000);
        std::string text = std::to_string(present.connections);
        for (const std::string& one : present.who) {
            text += " " + one;
        }
        return text;
    }

    void say_alive(bool leaving = false)
    {
        AliveEntry alive;
        alive.host = id;
        alive.capacity_bytes = 1UL << 30;
        alive.leaving = leaving;
        alive.asks = store().people.asks();
        log.add(encode({++nonce * 1000 + id, 0, 0}, alive));
    }
    void tell()
    {
        teller->tell(connection);
        connection.answer();
    }
    void read()
    {
        for (; next < log.entries.size(); next++) {
            const Applied applied = host.apply(log.entries[next]);
            assert_true(applied == Applied::done ||
                        applied == Applied::skipped);
        }
    }
    void expire()
    {
        while (store().expire(host.clock.ticks_ms())) {
        }
    }
    // Nobody of this host is there, or is to be told of.
    bool has_nobody()
    {
        const PeopleBook& book = host.header->cluster.people;
        for (const PersonList& list : book.lists) {
            if (list.head != nullptr) {
                return false;
            }
        }
        return true;
    }

    SharedLog& log;
    uint64_t id;
    LogHost host;
    LogConnection connection;
    size_t next; // in the log
    std::unique_ptr<PeopleTeller> teller;
    WorkerId first = 0;
    WorkerId second = 0;
    Interest* watcher = nullptr;
    std::set<std::string> seen; // by those who watch
    uint64_t nonce = 0;
    bool is_alive = true;
};

struct PeoplesHosts {
    explicit PeoplesHosts(size_t count = 3, size_t arena_bytes = 2UL << 20)
    {
        for (uint64_t i = 1; i <= count; i++) {
            hosts.push_back(std::make_unique<PeoplesHost>(log, i, arena_bytes));
        }
        for (auto& host : hosts) {
            host->watch();
            host->say_alive();
        }
        settle();
    }
    PeoplesHost& operator[](size_t i) { return *hosts[i]; }

    // Until nobody has anything to tell, or can.
    void settle()
    {
        for (bool more = true; more;) {
            const size_t before = log.entries.size();
            more = false;
            for (auto& host : hosts) {
                if (host->is_alive) {
                    const size_t read = host->next;
                    host->tell();
                    host->read();
                    more |= host->next != read;
                }
            }
            more |= log.entries.size() != before;
        }
    }
    // Also for the log, while hosts say that they are alive.
    void pass(int64_t ms)
    {
        while (ms > 0) {
            const int64_t step = std::min<int64_t>(ms, 500);
            ms -= step;
            log.id.ms += static_cast<uint64_t>(step);
            for (auto& host : hosts) {
                host->host.host_clock.now += step;
                if (host->is_alive) {
                    host->say_alive();
                }
            }
            settle();
            for (auto& host : hosts) {
                host->expire();
            }
            settle();
        }
    }
    std::string fault()
    {
        for (auto& host : hosts) {
            const std::string fault = host->host.fault();
            if (!fault.empty()) {
                return fault;
            }
        }
        return {};
    }

    SharedLog log;
    std::vector<std::unique_ptr<PeoplesHost>> hosts;
};

} // namespace ws_pubsub
