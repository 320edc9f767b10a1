#include "ngx/ngx.hpp"

#include "redis/redis_snapshots.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "redis/questions.hpp"
#include "redis/snapshot_text.hpp"

namespace ws_pubsub::redis {

namespace {

const std::string& uncommitted_s()
{
    static const std::string text =
        std::to_string(SnapshotStore::kUncommittedS);
    return text;
}

uint64_t number_of(std::string_view text)
{
    uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// Of TIME's reply.
uint64_t time_ms(const Reply& reply)
{
    return number_of(reply[0].text()) * 1000 +
           number_of(reply[1].text()) / 1000;
}

// That of a snapshot which is committed or founded, and what goes for it.
std::vector<Words> writes_of(const LogKeys& keys, const SnapshotPair& pair,
                             const std::vector<uint64_t>& gone)
{
    std::vector<Words> writes{{"PERSIST", keys.chunks(pair.newest.id)},
                              {"SET", keys.snap, snapshot_text(pair)}};
    for (const uint64_t id : gone) {
        if (id != 0 && id != pair.newest.id && id != pair.previous.id) {
            writes.push_back({"UNLINK", keys.chunks(id)});
        }
    }
    return writes;
}

} // namespace

bool RedisSnapshots::look(FoundGround found)
{
    const auto ground = std::make_shared<Ground>();
    return ask_all(
        link_, Ground::questions(keys_),
        [ground](size_t question, const Reply& reply) {
            return ground->take(question, reply);
        },
        [ground, name = keys_.log,
         found = std::move(found)](const LogOutcome& outcome) {
            LogGround what = outcome.is_done() ? ground->what() : LogGround{};
            std::string foreign;
            if (!what.foreign.empty()) {
                foreign = name + ": " + std::string(what.foreign);
                what.foreign = foreign;
            }
            found(outcome, what);
        });
}

bool RedisSnapshots::get(uint64_t id, uint64_t chunk, FoundChunk found)
{
    return link_.send({"HGET", keys_.chunks(id), std::to_string(chunk)},
                      [found = std::move(found)](const Ending& ending) {
                          const LogOutcome outcome = outcome_of(ending);
                          std::optional<std::string_view> data;
                          if (outcome.is_done() &&
                              ending.reply->kind() == Kind::string) {
                              data = ending.reply->text();
                          }
                          found(outcome, data);
                      });
}

bool RedisSnapshots::put(uint64_t id, uint64_t chunk, std::string_view data,
                         Done done)
{
    const std::string key = keys_.chunks(id);
    Transaction transaction;
    transaction.writes = {
        {"HSET", key, std::to_string(chunk), std::string(data)},
        {"EXPIRE", key, uncommitted_s()}};
    transaction.done = std::move(done);
    return transactions_.add(std::move(transaction));
}

// -- the writer ---------------------------------------------------------------

bool RedisSnapshots::take_lease(uint64_t host, Done done)
{
    const std::string name = std::to_string(host);
    const auto holder = std::make_shared<std::string>();
    Transaction transaction;
    transaction.watched = {keys_.lease};
    transaction.reads = {{"GET", keys_.lease}};
    transaction.take = [holder](size_t /*read*/, const Reply& reply) {
        *holder = reply.text();
        return error_of(reply);
    };
    transaction.decide = [holder, name, this](std::vector<Words>& writes) {
        if (!holder->empty() && *holder != name) {
            return std::string("another host has it");
        }
        writes.push_back(
            {"SET", keys_.lease, name, "PX", std::to_string(kWriterLeaseMs)});
        return std::string();
    };
    transaction.done = std::move(done);
    return transactions_.add(std::move(transaction));
}

bool RedisSnapshots::commit(const StoredSnapshot& snapshot, Done done)
{
    struct State {
        std::optional<LogId> genesis;
        SnapshotPair pair;
        bool has_pieces = false;
    };
    const auto state = std::make_shared<State>();
    Transaction transaction;
    transaction.watched = {keys_.genesis, keys_.snap};
    transaction.reads = {
        {"GET", keys_.genesis},
        {"GET", keys_.snap},
        // it says, too, whether there are any
        {"EXPIRE", keys_.chunks(snapshot.id), uncommitted_s()}};
    transaction.take = [state](size_t read, const Reply& reply) {
        if (read == 0) {
            state->genesis = parse_log_id(reply.text());
        } else if (read == 1) {
            state->pair = read_snapshots(reply.text());
        } else {
            state->has_pieces = reply.integer() == 1;
        }
        return error_of(reply);
    };
    transaction.decide = [state, snapshot, this](std::vector<Words>& writes) {
        if (state->genesis != snapshot.genesis) {
            return std::string("the log has another genesis");
        }
        if (!state->has_pieces) {
            return std::string("the snapshot's pieces have gone");
        }
        const SnapshotPair& before = state->pair;
        // a writer that hung, whose lease has gone to another one
        if (before.newest.genesis == snapshot.genesis &&
            !(before.newest.position <= snapshot.position)) {
            return std::string("there is a later one");
        }
        const bool is_there = before.newest.id == snapshot.id;
        writes = writes_of(
            keys_, {snapshot, is_there ? before.previous : before.newest},
            {before.newest.id, before.previous.id});
        return std::string();
    };
    transaction.done = std::move(done);
    return transactions_.add(std::move(transaction));
}

// -- how a log begins ---------------------------------------------------------

bool RedisSnapshots::next_id(Log::FoundId found)
{
    struct State {
        Ground ground;
        LogId id{};
    };
    const auto state = std::make_shared<State>();
    std::vector<Words> questions = Ground::questions(keys_);
    const size_t time = questions.size();
    questions.push_back({"TIME"});
    return ask_all(
        link_, questions,
        [state, time](size_t question, const Reply& reply) {
            if (question != time) {
                return state->ground.take(question, reply);
            }
            state->id.ms = time_ms(reply);
            return error_of(reply);
        },
        [state, found = std::move(found)](const LogOutcome& outcome) {
            const LogId last = state->ground.last();
            const LogId behind = last.number == UINT64_MAX
                                     ? LogId{last.ms + 1, 0}
                                     : LogId{last.ms, last.number + 1};
            found(outcome,
                  outcome.is_done() ? later(behind, state->id) : LogId{});
        });
}

bool RedisSnapshots::found(const std::optional<LogId>& genesis_before,
                           std::string_view entry,
                           const StoredSnapshot& snapshot, Done done)
{
    struct State {
        Ground ground;
        bool has_pieces = false;
    };
    const auto state = std::make_shared<State>();
    Transaction transaction;
    // The log, too, where its entries say whose it is.
    transaction.watched = {keys_.genesis};
    if (!genesis_before) {
        transaction.watched.push_back(keys_.log);
    }
    transaction.reads = Ground::questions(keys_);
    const size_t pieces = transaction.reads.size();
    transaction.reads.push_back(
        {"EXPIRE", keys_.chunks(snapshot.id), uncommitted_s()});
    transaction.take = [state, pieces](size_t read, const Reply& reply) {
        if (read != pieces) {
            return state->ground.take(read, reply);
        }
        state->has_pieces = reply.integer() == 1;
        return error_of(reply);
    };
    transaction.decide = [state, genesis_before, snapshot,
                          text = std::string(entry),
                          this](std::vector<Words>& writes) {
        const LogGround& ground = state->ground.what();
        if (!ground.foreign.empty()) {
            return std::string(ground.foreign);
        }
        if (ground.genesis != genesis_before) {
            return std::string("the log has another genesis");
        }
        if (!state->has_pieces) {
            return std::string("the snapshot's pieces have gone");
        }
        if (snapshot.position == LogId{}) {
            return std::string("an entry can't have that id"); // amid EXEC
        }
        const std::string id = text_of(snapshot.position);
        writes = writes_of(keys_, {snapshot, {}},
                           {ground.newest.id, ground.previous.id});
        writes.push_back({"DEL", keys_.log});
        writes.push_back(
            {"XADD", keys_.log, id, std::string(kFormatField), text});
        writes.push_back({"SET", keys_.genesis, id});
        return std::string();
    };
    transaction.done = std::move(done);
    return transactions_.add(std::move(transaction));
}

// -- offers -------------------------------------------------------------------

namespace {

// A host's offer is text, "position ms": of when it was made, in Redis' time,
// since the hash goes only when nobody offers any more.
struct Offers {
    uint64_t now_ms;
    std::vector<SeedOffer> all{};

    void take(const Reply& hash)
    {
        for (size_t i = 0; i + 1 < hash.size(); i += 2) {
            const std::string_view text = hash[i + 1].text();
            const size_t blank = std::min(text.find(' '), text.size());
            const std::optional<LogId> position =
                parse_log_id(text.substr(0, blank));
            const uint64_t made_ms =
                number_of(text.substr(std::min(blank + 1, text.size())));
            if (position &&
                made_ms + RedisSnapshots::kOfferS * 1000UL > now_ms) {
                all.push_back({number_of(hash[i].text()), *position});
            }
        }
    }
};

bool write_offer(MasterLink& link, const std::string& key,
                 const SeedOffer& offer, uint64_t now_ms,
                 const SnapshotStore::FoundOffers& found)
{
    const auto offers = std::make_shared<Offers>(Offers{now_ms});
    const std::string text =
        text_of(offer.position) + " " + std::to_string(now_ms);
    return ask_all(
        link,
        {{"HSET", key, std::to_string(offer.host), text},
         {"EXPIRE", key, std::to_string(RedisSnapshots::kOfferS)},
         {"HGETALL", key}},
        [offers](size_t question, const Reply& reply) {
            if (question == 2) {
                offers->take(reply);
            }
            return error_of(reply);
        },
        [offers, found](const LogOutcome& outcome) {
            found(outcome, outcome.is_done()
                               ? std::span<const SeedOffer>(offers->all)
                               : std::span<const SeedOffer>());
        });
}

} // namespace

bool RedisSnapshots::offer(const SeedOffer& offer, FoundOffers found)
{
    const auto now_ms = std::make_shared<uint64_t>(0);
    return ask_all(
        link_, {{"TIME"}},
        [now_ms](size_t /*question*/, const Reply& reply) {
            *now_ms = time_ms(reply);
            return error_of(reply);
        },
        [now_ms, offer, found = std::move(found), &link = link_,
         &keys = keys_](const LogOutcome& outcome) {
            if (!outcome.is_done()) {
                return found(outcome, {});
            }
            if (!write_offer(link, keys.seed, offer, *now_ms, found)) {
                found({LogOutcome::Kind::unsent, "it is not open"}, {});
            }
        });
}

} // namespace ws_pubsub::redis
