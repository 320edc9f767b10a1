// Random entries for a log, and whether hosts that have applied them are the
// same.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "support/asserts.hpp"
#include "support/log_host.hpp"

namespace ws_pubsub {

class Random {
public:
    explicit Random(uint64_t seed) : engine_(seed) {}
    uint64_t below(uint64_t n) { return engine_() % n; }
    bool one_in(uint64_t n) { return below(n) == 0; }
    template <class T>
    const T& of(const std::vector<T>& all)
    {
        return all[below(all.size())];
    }
    uint64_t any() { return engine_(); }

private:
    std::mt19937_64 engine_;
};

inline std::string topic_name(uint64_t n)
{
    return (n % 2 == 0 ? "a/" : "b/c/") + std::to_string(n);
}

// Makes entries, of which the conditions hold by turns on `host`.
class RandomEntries {
public:
    RandomEntries(uint64_t seed, LogHost& host) : random_(seed), host_(host) {}

    LoggedEntry next()
    {
        pass_time();
        EntryHead head{random_.any(), 0, 0};
        if (random_.one_in(12) && !sent_.empty()) {
            // Once more, under another nonce.
            auto again = decode_entry(random_.of(sent_));
            head.origin = again->head.origin;
            head.number = again->head.number;
            return {id_, encode(head, again->body)};
        }
        const uint64_t what = random_.below(100);
        if (what < 80) {
            head.origin = 1 + random_.below(random_.one_in(50) ? 1000 : 4);
            head.number = ++numbers_[head.origin];
            const Change change = what < 76 ? publish() : remove();
            sent_.push_back(encode(head, change));
            return {id_, sent_.back()};
        }
        return {id_, other(head, what)};
    }
    [[nodiscard]] LogId last() const { return id_; }

private:
    void pass_time()
    {
        const uint64_t how = random_.below(100);
        if (how < 30) {
            id_.number++;
            return;
        }
        id_.number = random_.below(3);
        id_.ms += how < 80   ? 1 + random_.below(300)
                  : how < 98 ? 1 + random_.below(4000)
                             : 1 + random_.below(random_.one_in(4) ? 1'500'000
                                                                   : 60'000);
    }

    std::string other(EntryHead head, uint64_t what)
    {
        if (what < 86) {
            TouchEntry touch;
            const size_t count =
                random_.one_in(20) ? 600 : 1 + random_.below(5);
            names_.clear();
            for (size_t i = 0; i < count; i++) {
                names_.push_back(topic_name(random_.below(50)));
            }
            touch.topics.assign(names_.begin(), names_.end());
            return encode(head, touch);
        }
        if (what < 88) {
            TermEntry term;
            term.op = random_.one_in(5) ? EntryOp::genesis : EntryOp::term;
            term.lineage = random_.one_in(2) ? "one" : "another-lineage";
            term.jump = 1000 + random_.below(1000);
            term.body_seed[0] = random_.any();
            term.forced = random_.one_in(4);
            return encode(head, term);
        }
        if (what < 90) {
            head.origin = 5000 + random_.below(4);
            head.number = ++numbers_[head.origin];
            HereEntry here{head.origin, {}};
            for (uint64_t i = random_.below(3); i < 4; i++) {
                here.people.push_back(
                    {random_.one_in(2) ? "a/2" : "b/c/3",
                     random_.one_in(2) ? "ann" : "bob",
                     static_cast<uint32_t>(random_.below(3))});
            }
            return encode(head, here);
        }
        AliveEntry alive;
        alive.host = 1 + random_.below(5);
        alive.name = "host";
        alive.position = "1700000000123-4";
        alive.capacity_bytes = 12'000 + alive.host * 3000;
        alive.sessions = random_.below(10);
        alive.format = 1;
        alive.leaving = random_.one_in(6);
        return encode(head, alive);
    }

    Change publish()
    {
        Change change;
        name_ = topic_name(random_.below(50));
        payload_.assign(random_.below(random_.one_in(10) ? 3000 : 300),
                        static_cast<char>('a' + random_.below(26)));
        change.topic = name_;
        change.payload = payload_;
        change.kind = static_cast<PayloadKind>(random_.below(3));
        change.content_type = random_.one_in(4) ? "text/html" : "";
        change.policy.retain = !random_.one_in(4);
        change.policy.history =
            static_cast<uint32_t>(random_.one_in(30) ? 0 : 300);
        if (random_.one_in(5)) {
            change.policy.ttl_ms =
                1 + static_cast<int64_t>(random_.below(9000));
        }
        if (random_.one_in(5)) {
            change.policy.idle_ms =
                1 + static_cast<int64_t>(
                        random_.below(random_.one_in(8) ? 1'500'000 : 9000));
        }
        if (random_.one_in(4)) {
            key_ = "key" + std::to_string(random_.below(6));
            change.idempotency_key = key_;
            change.body_hash = random_.below(4) == 0 ? 1 : 2;
            change.key_share =
                random_.one_in(2) ? KeyShare::client : KeyShare::application;
        }
        change.condition = condition();
        return change;
    }

    Change remove()
    {
        Change change;
        change.op = Change::Op::remove;
        name_ = topic_name(random_.below(50));
        change.topic = name_;
        change.condition = condition();
        return change;
    }

    Condition condition()
    {
        Condition condition;
        if (random_.one_in(3)) {
            condition.kind = static_cast<Condition::Kind>(random_.below(4));
        }
        if (condition.kind == Condition::Kind::at) {
            condition.at = host_.store.topics.newest(name_);
            condition.at.seq += random_.one_in(3) ? 1 : 0;
        }
        return condition;
    }

    Random random_;
    LogHost& host_;
    LogId id_{kLogStartMs + 5, 0};
    std::map<uint64_t, uint64_t> numbers_;
    std::vector<std::string> sent_;
    std::vector<std::string> names_;
    std::string name_;
    std::string payload_;
    std::string key_;
};

// Shows the first line that differs.
inline void assert_same(LogHost& host, const std::string& wanted)
{
    const std::string have = host.state();
    const auto differ =
        std::mismatch(have.begin(), have.end(), wanted.begin(), wanted.end());
    if (differ.first != have.end() || differ.second != wanted.end()) {
        const auto at = static_cast<size_t>(differ.first - have.begin());
        const size_t line = at == 0 ? 0 : have.rfind('\n', at - 1) + 1;
        assert_text(have.substr(line, have.find('\n', at) - line),
                    wanted.substr(line, wanted.find('\n', at) - line));
    }
}

} // namespace ws_pubsub
