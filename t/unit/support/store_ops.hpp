// Runs bytes as operations on a store: what fuzzers and random tests share.
//
// Three workers, few topics and a small zone, so that everything meets.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "readers/store.hpp"
#include "support/ports.hpp"

namespace ws_pubsub {

class StoreOps {
public:
    static constexpr size_t kWorkers = 3;

    // REQUIRES: the zone has a usable slot for each worker.
    StoreOps(Store& store, FakeClock& clock) : store_(store), clock_(clock)
    {
        for (Worker& worker : workers_) {
            attach(worker);
        }
    }

    // Ends all workers.
    void finish()
    {
        for (const Worker& worker : workers_) {
            store_.workers.detach(worker.id);
        }
    }

    // One operation; takes what it needs from the front of `bytes`.
    void step(std::string_view& bytes)
    {
        Worker& worker = workers_[take(bytes) % kWorkers];
        switch (take(bytes) % 19) {
        case 0:
        case 1:
        case 2:
        case 3:
            return publish(bytes);
        case 4:
            return pass_time(take(bytes));
        case 5:
            (void)store_.topics.remove(path(bytes), clock_.now);
            return;
        case 6:
        case 7:
            return take_interest(worker, path(bytes));
        case 8:
            return drop_interest(worker, path(bytes));
        case 9:
        case 10:
        case 11:
            return read_inbox(worker, take(bytes) * 4UL);
        case 12:
            return catch_up(worker, path(bytes));
        case 13:
            return select(worker, take(bytes));
        case 14:
            return look(bytes);
        case 15:
        case 16:
        case 17:
            return present(worker, path(bytes), take(bytes));
        default:
            return rare(worker, bytes);
        }
    }

private:
    struct Worker {
        WorkerId id = 0;
        int32_t pid = 0;
        std::map<std::string, Interest*> interests;
        std::map<size_t, SelectorRecord*> selectors;
        std::map<std::string, std::vector<std::string>> people; // by topic
    };

    static size_t take(std::string_view& bytes)
    {
        if (bytes.empty()) {
            return 0;
        }
        const auto value = static_cast<uint8_t>(bytes.front());
        bytes.remove_prefix(1);
        return value;
    }

    static std::string path(std::string_view& bytes)
    {
        const size_t n = take(bytes);
        std::string text = n % 3 == 0 ? "a" : "b/c";
        if (n % 5 != 0) {
            text += '/' + std::to_string(n % 17);
        }
        return text;
    }

    void publish(std::string_view& bytes)
    {
        const std::string topic = path(bytes);
        const std::string payload(take(bytes) * 8, 'x');
        const size_t how = take(bytes);
        const std::string key = std::to_string(how % 7);
        Change publication;
        publication.topic = topic;
        publication.payload = payload;
        publication.now_ms = clock_.now;
        publication.policy.retain = how % 4 != 0;
        publication.policy.history = how % 4 == 1 ? 0 : how % 8;
        if (how % 3 == 1) {
            publication.policy.ttl_ms = 1 + static_cast<int64_t>(how) * 20;
        }
        if (how % 5 == 1) {
            publication.policy.idle_ms = 1 + static_cast<int64_t>(how) * 50;
        }
        if (how % 16 == 3) {
            publication.idempotency_key = key;
            publication.key_share =
                how % 32 == 3 ? KeyShare::client : KeyShare::application;
        }
        if (how % 32 == 5) {
            publication.condition.kind = Condition::Kind::absent;
        }
        (void)store_.topics.publish(publication);
    }

    // Mostly a little, seldom much; and now and then the system's is set back.
    void pass_time(size_t n)
    {
        const auto amount = static_cast<int64_t>(n);
        switch (n % 8) {
        case 0:
            clock_.now += amount * 60'000;
            break;
        case 1:
            clock_.step -= amount * 1000;
            break;
        default:
            clock_.now += amount * 30;
        }
        if (n % 16 < 12) {
            store_.expire(clock_.now);
        }
    }

    void attach(Worker& worker)
    {
        worker.pid = ++pids_;
        worker.id = store_.workers.attach({worker.pid}).value_or(0);
        worker.interests.clear();
        worker.selectors.clear();
        worker.people.clear();
    }

    void take_interest(Worker& worker, const std::string& topic)
    {
        Interest*& interest = worker.interests[topic];
        if (interest == nullptr) {
            interest = store_.interests.add(worker.id, topic, 1).interest;
        }
        if (interest != nullptr) {
            const SubscriberCount count{interest, 1};
            store_.interests.set_subscribers({&count, 1});
        } else {
            worker.interests.erase(topic);
        }
    }

    void select(Worker& worker, size_t n)
    {
        constexpr const char* kSelectors[] = {"**", "b/*", "b/c/*", "b/c/**",
                                              "a"};
        n %= std::size(kSelectors) + 1;
        SelectorRecord*& record = worker.selectors[n];
        if (record != nullptr) {
            store_.selectors.remove(*record);
            worker.selectors.erase(n);
            return;
        }
        if (n == std::size(kSelectors)) {
            record = store_.selectors.add_overlap(worker.id,
                                                  {"b/c/*", "**", "b/c/**"});
            if (record == nullptr) {
                worker.selectors.erase(n);
            }
            return;
        }
        const auto selector = Selector::parse(kSelectors[n]);
        record = store_.selectors.add(worker.id, *selector);
        if (record == nullptr) {
            worker.selectors.erase(n);
        } else if (selector->is_exact()) {
            (void)store_.selectors.admit_session(*record, kWorkers - 1);
        } else {
            store_.selectors.set_sessions(*record, 1);
        }
    }

    void drop_interest(Worker& worker, const std::string& topic)
    {
        const auto found = worker.interests.find(topic);
        if (found != worker.interests.end()) {
            for (const std::string& who : worker.people[topic]) {
                store_.presence.leave(*found->second, who);
            }
            worker.people.erase(topic);
            store_.interests.drop(*found->second);
            worker.interests.erase(found);
        }
    }

    // Somebody comes to the topic, or the one who came last leaves it.
    void present(Worker& worker, const std::string& topic, size_t n)
    {
        const auto found = worker.interests.find(topic);
        if (found == worker.interests.end()) {
            return;
        }
        std::vector<std::string>& people = worker.people[topic];
        if (n % 2 == 0 || people.empty()) {
            const std::string who = "p" + std::to_string(n % 5);
            if (store_.presence.join(*found->second, who)) {
                people.push_back(who);
            }
        } else {
            store_.presence.leave(*found->second, people.back(), n % 4 == 3);
            people.pop_back();
        }
        (void)store_.presence.who(topic, n % 4);
    }

    void read_inbox(Worker& worker, size_t max_bytes)
    {
        Delivery delivery;
        if (store_.inboxes.read(worker.id, max_bytes, delivery, batch_) &&
            delivery.interest != nullptr && delivery.token == 0) {
            if (delivery.path.size() % 2 == 0) {
                store_.interests.drop(*delivery.interest);
            } else {
                store_.interests.claim(*delivery.interest, 1);
                worker.interests[delivery.path] = delivery.interest;
            }
        }
    }

    void catch_up(Worker& worker, const std::string& topic)
    {
        const auto found = worker.interests.find(topic);
        if (found != worker.interests.end()) {
            ReadFrom from;
            from.kind = ReadFrom::Kind::last;
            from.last = 3;
            store_.inboxes.catch_up(*found->second, from, {}, SIZE_MAX, batch_,
                                    kept_);
        }
    }

    void look(std::string_view& bytes)
    {
        ReadFrom from;
        const std::string topic = path(bytes);
        const size_t how = take(bytes);
        from.kind = static_cast<ReadFrom::Kind>(how % 4);
        from.last = static_cast<uint32_t>(how / 4);
        from.after = {store_.topics.newest(topic).epoch, how / 4};
        store_.topics.read(topic, from, {1 + how % 5, how * 16}, batch_);
        std::vector<TopicRow> rows;
        store_.topics.list(*Selector::parse(how % 2 == 0 ? "**" : "b/c/*"),
                           topic, how % 9, rows);
    }

    void rare(Worker& worker, std::string_view& bytes)
    {
        switch (take(bytes) % 8) {
        case 0: // all but the others die
            for (Worker& any : workers_) {
                pids_of_the_living_[static_cast<size_t>(
                    &any - workers_.data())] = &any == &worker ? 0 : any.pid;
            }
            store_.workers.reap_dead(is_alive);
            return attach(worker);
        case 1:
            store_.workers.detach(worker.id);
            return attach(worker);
        case 2:
            clock_.now += kIdempotencyTtlMs / 2;
            store_.expire(clock_.now);
            return;
        case 3:
            store_.status();
            return revoke(take(bytes));
        case 4:
            return store_.topics.begin_term(take(bytes));
        default:
            return order(worker, take(bytes));
        }
    }

    void revoke(size_t n)
    {
        const Revocation revocation{static_cast<Revocation::Of>(n % 3),
                                    std::string(n / 3 % 5, 'x'), clock_.now};
        if (n % 2 == 0) {
            (void)store_.revocations.put(revocation,
                                         static_cast<int64_t>(n) * 500);
        } else {
            (void)store_.revocations.remove(revocation.of, revocation.text);
        }
    }

    void order(const Worker& worker, size_t n)
    {
        if (n % 4 == 0) {
            (void)store_.orders.place(
                worker.id, static_cast<OrderKind>(n / 4 % 4),
                std::string(n * 8, 'x'), static_cast<int64_t>(n) * 500);
        } else if (n % 4 == 1) {
            store_.orders.take_answers(worker.id);
        } else {
            const OrderToRead read = store_.orders.read(worker.id);
            if (read.number != 0) {
                (void)store_.orders.answer(worker.id, read,
                                           std::string(n * 8, 'y'));
            }
        }
    }

    static bool is_alive(const ProcessId& process)
    {
        for (const int32_t other : pids_of_the_living_) {
            if (other == process.pid) {
                return true;
            }
        }
        return false;
    }

    static inline std::array<int32_t, kWorkers> pids_of_the_living_{};

    Store& store_;
    FakeClock& clock_;
    std::array<Worker, kWorkers> workers_;
    int32_t pids_ = 0;
    Batch batch_;
    Batch kept_;
};

} // namespace ws_pubsub
