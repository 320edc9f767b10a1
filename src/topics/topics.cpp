#include "topics/topics.hpp"

#include <algorithm>

#include "topics/forks.hpp"
#include "topics/publishing.hpp"
#include "topics/removal.hpp"
#include "topics/shares.hpp"
#include "topics/topic_log.hpp"

namespace ws_pubsub {

namespace {

// Topics looked at in one hold of the lock, and what a hold costs beside them,
// in topics.
constexpr size_t kScanStep = 512;
constexpr size_t kScanCost = 8;

} // namespace

// REQUIRES: the lock is not held.
void Topics::tell_refusal(const Error& error)
{
    if (error.code == Errc::zone_full) {
        access_.memory.refused(error.cause == Cause::idempotency_key
                                   ? "has no more room for idempotency keys"
                                   : "is full");
    }
}

Result<ChangeAnswer> Topics::apply_locked(Transaction& tx, const Change& change)
{
    switch (change.op) {
    case Change::Op::publish:
        return Publishing(parts_, tx, change).publish();
    case Change::Op::remove:
        return Removal(parts_, tx, change).remove();
    case Change::Op::expire:
        return expire(tx, change);
    }
    return ChangeAnswer{};
}

ChangeAnswer Topics::expire(Transaction& tx, const Change& change)
{
    Topic* topic = parts_.records.find(change.topic);
    if (topic == nullptr || topic->epoch == 0) {
        return {};
    }
    const ChangeAnswer answer{position_of(*topic)};
    if (topic->clock != nullptr && !header_.replica.on) {
        size_t steps = Expiry::kStepsPerLock;
        parts_.expiry.expire_topic(tx, *topic, change.ticks_ms, steps);
    }
    return answer;
}

Result<ChangeAnswer> Topics::apply(const Change& change)
{
    auto result = [&] {
        Transaction tx(access_);
        return apply_locked(tx, change);
    }();
    if (!result) {
        tell_refusal(result.error());
    }
    return result;
}

Result<ChangeAnswer> Topics::publish(Change change)
{
    stamp(change);
    return apply(change);
}

Result<bool> Topics::remove(std::string_view path, int64_t now_ms,
                            const Condition& condition)
{
    Change change = removal_of(path, now_ms, condition);
    stamp(change);
    const auto answer = apply(change);
    return answer ? Result<bool>(answer->at.epoch != 0) : answer.error();
}

Result<ChangeAnswer> Topics::publish_revised(Change change,
                                             const Revision& revise)
{
    Batch value;
    stamp(change);
    auto result = [&]() -> Result<ChangeAnswer> {
        Transaction tx(access_);
        if (auto earlier = Publishing(parts_, tx, change).replay()) {
            return *earlier;
        }
        const ReadAnswer answer = read_kept(parts_.records.find(change.topic),
                                            {}, {}, change.ticks_ms, value);
        if (const auto error = revise(answer, value, change)) {
            return *error;
        }
        return apply_locked(tx, change);
    }();
    if (!result) {
        tell_refusal(result.error());
    }
    return result;
}

std::optional<Result<ChangeAnswer>> Topics::find_answer(Change change)
{
    stamp(change);
    Transaction tx(access_);
    return Publishing(parts_, tx, change).replay();
}

Position Topics::newest(std::string_view path)
{
    Transaction tx(access_);
    const Topic* topic = parts_.records.find(path);
    return TopicLog::exists(topic, access_.clock.ticks_ms())
               ? position_of(*topic)
               : Position{};
}

bool Topics::is_known(std::string_view path, const Position& at)
{
    Transaction tx(access_);
    const Topic* topic = parts_.records.find(path);
    return topic != nullptr && Forks::is_known(*topic, at);
}

void Topics::begin_term(uint64_t jump)
{
    Transaction tx(access_);
    Forks(header_, tx).begin_term(jump);
    tx.commit();
}

ReadAnswer Topics::read(std::string_view path, const ReadFrom& from,
                        const ReadLimits& limits, Batch& out)
{
    Transaction tx(access_);
    out.clear();
    return read_kept(parts_.records.find(path), from, limits,
                     access_.clock.ticks_ms(), out);
}

Topics::Scan Topics::scan(const Selector& selector, std::string& after,
                          size_t limit, std::vector<TopicRow>& out,
                          size_t& left, Ended ended)
{
    const std::string_view prefix = selector.literal_prefix();
    const size_t most = std::min(left, kScanStep);
    left -= std::min(left, kScanCost);
    Transaction tx(access_);
    const TopicTable& table = parts_.records.table();
    Topic* topic =
        after < prefix ? table.first_from(prefix) : table.first_after(after);
    for (size_t step = 0; step < most; step++) {
        if (topic == nullptr || !topic->path().starts_with(prefix) ||
            (selector.is_exact() && topic->path() != prefix)) {
            return Scan::ended;
        }
        left -= std::min<size_t>(left, 1);
        if ((topic->epoch != 0 || ended == Ended::taken) &&
            selector.matches(topic->path())) {
            if (out.size() == limit) {
                return Scan::full;
            }
            out.push_back({std::string(topic->path()), position_of(*topic), 0});
        }
        after = topic->path();
        topic = topic->next()[0];
    }
    return Scan::paused;
}

bool Topics::list(const Selector& selector, std::string_view after,
                  size_t limit, std::vector<TopicRow>& out)
{
    std::string at(after);
    Scan scanned = Scan::paused;
    while (scanned == Scan::paused) {
        size_t left = SIZE_MAX;
        scanned = scan(selector, at, limit, out, left);
    }
    return scanned == Scan::full;
}

bool Topics::look_after(Transaction& tx, int64_t ticks_ms)
{
    // The spare block comes to be, and is made anew once it was not given back.
    if (header_.spare == nullptr &&
        access_.memory.free_bytes() >=
            Shares(header_, tx).kept_from_messages()) {
        tx.set(header_.spare, tx.allocate(header_.spare_bytes));
    }
    bool more = false;
    if (!header_.replica.on) { // else that is for who applies the log
        more = parts_.keys.expire(tx, ticks_ms, Expiry::kStepsPerLock);
        more |= parts_.expiry.expire_some(tx, ticks_ms);
    }
    more |= parts_.tidying.tidy_some(tx, Tidying::kAtATime);
    return more;
}

} // namespace ws_pubsub
