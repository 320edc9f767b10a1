#include "ngx/ngx.hpp"

#include "redis/transactions.hpp"

#include <utility>

#include "ngx/guard.hpp"

namespace ws_pubsub::redis {

namespace {

std::vector<std::string_view> views(const Words& words)
{
    return {words.begin(), words.end()};
}

} // namespace

Transactions::~Transactions()
{
    if (running_) {
        end_all(LogOutcome::Kind::unknown, "given up");
    }
}

bool Transactions::add(Transaction transaction)
{
    if (!link_.is_open()) {
        return false;
    }
    queue_.push_back(std::move(transaction));
    if (!running_) {
        begin_next();
    }
    return true;
}

void Transactions::begin_next()
{
    if (!queue_.empty()) {
        running_ = std::make_shared<Running>();
        running_->transaction = std::move(queue_.front());
        queue_.pop_front();
        begin(running_);
    }
}

// What was begun is sent whole: the connection may not stay amid a MULTI.
void Transactions::begin(const Shared& one)
{
    try {
        if (one->transaction.reads.empty()) {
            write(one);
        } else {
            read(one);
        }
    } catch (...) {
        link_.close("no memory");
        throw;
    }
}

void Transactions::send(const Shared& one, const Words& words,
                        void (Transactions::*take)(const Shared&,
                                                   const Ending&))
{
    const std::vector<std::string_view> all = views(words);
    auto taken = [this, one, take](const Ending& ending) {
        if (one->has_ended) {
            return;
        }
        if (ending.reply) {
            (this->*take)(one, ending);
        } else {
            // what was looked at alone has done nothing
            end_all(one->writes && ending.was_sent ? LogOutcome::Kind::unknown
                                                   : LogOutcome::Kind::unsent,
                    ending.why);
        }
    };
    if (!one->has_ended && !link_.send(Command(all), std::move(taken))) {
        end_all(LogOutcome::Kind::unsent, "it is not open");
    }
}

void Transactions::read(const Shared& one)
{
    Words watch = one->transaction.watched;
    watch.insert(watch.begin(), "WATCH");
    send(one, watch, &Transactions::take_read);
    for (const Words& words : one->transaction.reads) {
        send(one, words, &Transactions::take_read);
    }
}

void Transactions::take_read(const Shared& one, const Ending& ending)
{
    Transaction& transaction = one->transaction;
    const size_t number = one->taken++; // 0: WATCH
    const std::string refusal =
        number == 0 ? std::string(ending.reply->error())
                    : transaction.take(number - 1, *ending.reply);
    if (one->refusal.empty()) {
        one->refusal = refusal;
    }
    if (one->taken == transaction.reads.size() + 1) {
        if (one->refusal.empty()) {
            one->refusal = transaction.decide(transaction.writes);
        }
        if (!one->refusal.empty()) {
            transaction.writes.clear();
        }
        write(one);
    }
}

// Also where there is nothing to write: EXEC lets go of what is watched.
void Transactions::write(const Shared& one)
{
    one->taken = 0;
    one->writes = true;
    try {
        send(one, {"MULTI"}, &Transactions::take_written);
        for (const Words& words : one->transaction.writes) {
            send(one, words, &Transactions::take_written);
        }
        send(one, {"EXEC"}, &Transactions::take_written);
    } catch (...) {
        link_.close("no memory");
        throw;
    }
}

void Transactions::take_written(const Shared& one, const Ending& ending)
{
    // The first error says why; that of EXEC, that there was one.
    if (one->refusal.empty()) {
        one->refusal = ending.reply->error();
    }
    if (++one->taken < one->transaction.writes.size() + 2) {
        return;
    }
    if (one->refusal.empty() && ending.reply->kind() == Kind::nil) {
        one->refusal = "somebody else has changed it meanwhile";
    }
    const Shared ended = std::exchange(running_, nullptr);
    ended->has_ended = true;
    begin_next();
    ended->transaction.done(
        ended->refusal.empty()
            ? LogOutcome{}
            : LogOutcome{LogOutcome::Kind::refused, ended->refusal});
}

void Transactions::end_all(LogOutcome::Kind running, std::string_view why)
{
    const Shared one = std::exchange(running_, nullptr);
    const std::deque<Transaction> others = std::exchange(queue_, {});
    one->has_ended = true;
    guarded([&] { one->transaction.done({running, why}); });
    for (const Transaction& other : others) {
        guarded([&] { other.done({LogOutcome::Kind::unsent, why}); });
    }
}

} // namespace ws_pubsub::redis
