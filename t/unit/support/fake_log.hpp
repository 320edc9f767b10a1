// A log and what lies beside it, in memory; and hosts' connections to it, whose
// calls are done one by one, or not, as a test wants it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/entry.hpp"
#include "log/log.hpp"
#include "log/snapshot_store.hpp"

namespace ws_pubsub {

struct FakeEntry {
    LogId id{};
    std::string bytes;
    LogRecord::Kind kind = LogRecord::Kind::entry;
    unsigned format = kEntryFormat;
};

// What all hosts share.
struct FakeRedis {
    static constexpr int64_t kOfferMs = 5000;

    struct Offer {
        LogId position{};
        int64_t ends_ms = 0;
    };
    struct Chunks {
        std::map<uint64_t, std::string> pieces;
        int64_t ends_ms = 0; // 0: they stay
    };

    int64_t now_ms = 1'700'000'100'000;
    std::string lineage = "one";
    bool has_log = false;
    std::vector<FakeEntry> log;
    LogId last_id{}; // that was given
    std::optional<LogId> genesis;
    StoredSnapshot newest;
    StoredSnapshot previous;
    std::map<uint64_t, Chunks> chunks;
    std::map<uint64_t, Offer> offers;
    uint64_t lease_host = 0;
    int64_t lease_ends_ms = 0;
    std::string foreign;
    size_t puts = 0;
    size_t founded = 0;

    LogId next_id()
    {
        const LogId now{static_cast<uint64_t>(now_ms), 0};
        last_id = now <= last_id ? LogId{last_id.ms, last_id.number + 1} : now;
        return last_id;
    }
    LogId append(std::string_view bytes)
    {
        log.push_back({next_id(), std::string(bytes)});
        return log.back().id;
    }
    const FakeEntry* find(const LogId& id) const
    {
        for (const FakeEntry& entry : log) {
            if (entry.id == id) {
                return &entry;
            }
        }
        return nullptr;
    }
    void trim(const LogId& least)
    {
        std::erase_if(
            log, [&](const FakeEntry& entry) { return !(least <= entry.id); });
    }
    // The newest entries are lost, as by a failover.
    void lose(size_t entries)
    {
        log.resize(log.size() - entries);
        lineage += "'";
    }
    void flush() { *this = FakeRedis{now_ms, lineage + "'"}; }
    // What time brings.
    void expire()
    {
        std::erase_if(offers, [&](const auto& one) {
            return one.second.ends_ms <= now_ms;
        });
        std::erase_if(chunks, [&](const auto& one) {
            return one.second.ends_ms != 0 && one.second.ends_ms <= now_ms;
        });
    }
    FakeRedis() = default;

private:
    FakeRedis(int64_t now, std::string name)
        : now_ms(now), lineage(std::move(name))
    {}
};

// One connection.
class FakeLink {
public:
    explicit FakeLink(FakeRedis& redis) : redis_(redis) {}

    struct Call {
        std::string name;
        std::function<LogOutcome(FakeRedis&)> work;
        std::function<void(const LogOutcome&)> answer;
    };
    bool add(Call call)
    {
        if (!open) {
            return false;
        }
        calls.push_back(std::move(call));
        return true;
    }
    // The oldest call is done. False: there is none.
    bool deliver()
    {
        if (calls.empty()) {
            return false;
        }
        const Call call = std::move(calls.front());
        calls.pop_front();
        redis_.expire();
        seen.push_back(call.name);
        const LogOutcome outcome =
            refuses == call.name
                ? LogOutcome{LogOutcome::Kind::refused, "as the test wants it"}
                : call.work(redis_);
        call.answer(outcome);
        return true;
    }
    // The connection ends; the oldest call was done before, or not.
    enum class Done : bool { no, yes };
    void cut(Done done)
    {
        open = false;
        auto cut_off = std::exchange(calls, {});
        bool first = true;
        for (const Call& call : cut_off) {
            if (first && done == Done::yes) {
                (void)call.work(redis_);
            }
            call.answer(
                {first ? LogOutcome::Kind::unknown : LogOutcome::Kind::unsent,
                 "cut"});
            first = false;
        }
    }

    FakeRedis& redis() { return redis_; }

    bool open = true;
    std::deque<Call> calls;
    std::vector<std::string> seen; // the names of those that were done
    std::string refuses;           // calls of that name

private:
    FakeRedis& redis_;
};

class FakeLog final : public Log {
public:
    explicit FakeLog(FakeLink& link) : link_(link) {}

    [[nodiscard]] bool is_open() const override { return link_.open; }
    [[nodiscard]] std::string_view lineage() const override
    {
        return link_.redis().lineage;
    }
    bool append(std::string_view entry, Done done) override
    {
        return link_.add(
            {"append",
             [bytes = std::string(entry)](FakeRedis& redis) {
                 if (!redis.has_log) {
                     return LogOutcome{LogOutcome::Kind::refused, "no log"};
                 }
                 redis.append(bytes);
                 return LogOutcome{};
             },
             std::move(done)});
    }
    bool look_up(const LogId& id, FoundRecord found) override
    {
        auto entry = std::make_shared<std::optional<FakeEntry>>();
        return link_.add(
            {"look_up",
             [id, entry](FakeRedis& redis) {
                 if (const FakeEntry* one = redis.find(id)) {
                     *entry = *one;
                 }
                 return LogOutcome{};
             },
             [found = std::move(found), entry](const LogOutcome& outcome) {
                 const LogRecord record =
                     *entry ? record_of(**entry) : LogRecord{};
                 found(outcome,
                       outcome.is_done() && *entry ? &record : nullptr);
             }});
    }
    // Without waiting.
    bool follow(const LogId& last, int64_t /*wait_ms*/,
                FoundRecords found) override
    {
        auto entries = std::make_shared<std::vector<FakeEntry>>();
        auto contiguous = std::make_shared<bool>(false);
        return link_.add(
            {"follow",
             [last, entries, contiguous](FakeRedis& redis) {
                 *contiguous = redis.find(last) != nullptr;
                 for (const FakeEntry& entry : redis.log) {
                     if (!(entry.id <= last) && entries->size() < kRead) {
                         entries->push_back(entry);
                     }
                 }
                 return LogOutcome{};
             },
             [found = std::move(found), entries,
              contiguous](const LogOutcome& outcome) {
                 std::vector<LogRecord> records;
                 for (const FakeEntry& entry : *entries) {
                     records.push_back(record_of(entry));
                 }
                 found(outcome, outcome.is_done()
                                    ? Followed{*contiguous, records}
                                    : Followed{});
             }});
    }
    bool tail(FoundId found) override
    {
        auto id = std::make_shared<LogId>();
        return link_.add(
            {"tail",
             [id](FakeRedis& redis) {
                 *id = redis.log.empty() ? LogId{} : redis.log.back().id;
                 return LogOutcome{};
             },
             [found = std::move(found), id](const LogOutcome& outcome) {
                 found(outcome, *id);
             }});
    }
    bool trim(const LogId& least, Done done) override
    {
        return link_.add({"trim",
                          [least](FakeRedis& redis) {
                              redis.trim(least);
                              return LogOutcome{};
                          },
                          std::move(done)});
    }
    void close(std::string_view /*why*/) override
    {
        link_.cut(FakeLink::Done::no);
    }

private:
    static constexpr size_t kRead = 10; // entries in one reply

    static LogRecord record_of(const FakeEntry& entry)
    {
        return {entry.id, entry.kind, entry.bytes, entry.format};
    }

    FakeLink& link_;
};

class FakeSnapshots final : public SnapshotStore {
public:
    explicit FakeSnapshots(FakeLink& link) : link_(link) {}

    bool look(FoundGround found) override
    {
        auto ground = std::make_shared<LogGround>();
        auto foreign = std::make_shared<std::string>();
        return link_.add({"look",
                          [ground, foreign](FakeRedis& redis) {
                              *foreign = redis.foreign;
                              *ground = {redis.has_log, redis.genesis,
                                         redis.newest, redis.previous,
                                         *foreign};
                              return LogOutcome{};
                          },
                          [found = std::move(found), ground,
                           foreign](const LogOutcome& outcome) {
                              found(outcome, *ground);
                          }});
    }
    bool get(uint64_t id, uint64_t chunk, FoundChunk found) override
    {
        auto data = std::make_shared<std::optional<std::string>>();
        return link_.add(
            {"get",
             [id, chunk, data](FakeRedis& redis) {
                 const auto all = redis.chunks.find(id);
                 if (all != redis.chunks.end() &&
                     all->second.pieces.contains(chunk)) {
                     *data = all->second.pieces[chunk];
                 }
                 return LogOutcome{};
             },
             [found = std::move(found), data](const LogOutcome& outcome) {
                 found(outcome, *data ? std::optional<std::string_view>(**data)
                                      : std::nullopt);
             }});
    }
    bool put(uint64_t id, uint64_t chunk, std::string_view data,
             Done done) override
    {
        return link_.add(
            {"put",
             [id, chunk, bytes = std::string(data)](FakeRedis& redis) {
                 auto& all = redis.chunks[id];
                 all.pieces[chunk] = bytes;
                 all.ends_ms = redis.now_ms + kUncommittedS * 1000;
                 redis.puts++;
                 return LogOutcome{};
             },
             std::move(done)});
    }
    bool commit(const StoredSnapshot& snapshot, Done done) override
    {
        return link_.add({"commit",
                          [snapshot](FakeRedis& redis) {
                              if (redis.genesis != snapshot.genesis ||
                                  !is_whole(redis, snapshot)) {
                                  return LogOutcome{LogOutcome::Kind::refused,
                                                    "another log"};
                              }
                              redis.chunks[snapshot.id].ends_ms = 0;
                              redis.chunks.erase(redis.previous.id);
                              redis.previous = redis.newest;
                              redis.newest = snapshot;
                              return LogOutcome{};
                          },
                          std::move(done)});
    }
    bool take_lease(uint64_t host, Done done) override
    {
        return link_.add({"lease",
                          [host](FakeRedis& redis) {
                              if (redis.lease_host != host &&
                                  redis.lease_ends_ms > redis.now_ms) {
                                  return LogOutcome{LogOutcome::Kind::refused,
                                                    "another host"};
                              }
                              redis.lease_host = host;
                              redis.lease_ends_ms =
                                  redis.now_ms + kWriterLeaseMs;
                              return LogOutcome{};
                          },
                          std::move(done)});
    }
    bool offer(const SeedOffer& offer, FoundOffers found) override
    {
        auto offers = std::make_shared<std::vector<SeedOffer>>();
        return link_.add(
            {"offer",
             [offer, offers](FakeRedis& redis) {
                 redis.offers[offer.host] = {
                     offer.position, redis.now_ms + FakeRedis::kOfferMs};
                 for (const auto& [host, one] : redis.offers) {
                     offers->push_back({host, one.position});
                 }
                 return LogOutcome{};
             },
             [found = std::move(found), offers](const LogOutcome& outcome) {
                 found(outcome, *offers);
             }});
    }
    bool next_id(Log::FoundId found) override
    {
        auto id = std::make_shared<LogId>();
        return link_.add(
            {"next_id",
             [id](FakeRedis& redis) {
                 *id = redis.next_id();
                 return LogOutcome{};
             },
             [found = std::move(found), id](const LogOutcome& outcome) {
                 found(outcome, *id);
             }});
    }
    bool found(const std::optional<LogId>& genesis_before,
               std::string_view entry, const StoredSnapshot& snapshot,
               Done done) override
    {
        return link_.add({"found",
                          [genesis_before, bytes = std::string(entry),
                           snapshot](FakeRedis& redis) {
                              if (redis.genesis != genesis_before ||
                                  !is_whole(redis, snapshot)) {
                                  return LogOutcome{LogOutcome::Kind::refused,
                                                    "another log"};
                              }
                              redis.has_log = true;
                              redis.log = {{snapshot.position, bytes}};
                              if (redis.last_id <= snapshot.position) {
                                  redis.last_id = snapshot.position;
                              }
                              redis.genesis = snapshot.position;
                              redis.newest = snapshot;
                              redis.previous = {};
                              redis.chunks[snapshot.id].ends_ms = 0;
                              redis.founded++;
                              return LogOutcome{};
                          },
                          std::move(done)});
    }

private:
    static bool is_whole(FakeRedis& redis, const StoredSnapshot& snapshot)
    {
        size_t bytes = 0;
        for (const auto& [number, piece] : redis.chunks[snapshot.id].pieces) {
            bytes += piece.size();
        }
        return bytes == snapshot.bytes;
    }

    FakeLink& link_;
};

} // namespace ws_pubsub
