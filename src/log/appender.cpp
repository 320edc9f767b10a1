#include "log/appender.hpp"

#include <algorithm>
#include <utility>

#include "base/keyed_hash.hpp"
#include "base/limits.hpp"
#include "log/entry.hpp"

namespace ws_pubsub {

namespace {

constexpr Error kNobodyKnows{Errc::unknown,
                             "it is not known whether it was done"};

// After a refusal, doubled with each.
constexpr int64_t kLeastPauseMs = 50;
constexpr int64_t kMostPauseMs = 2000;

// How often it is looked whether the zone has come as far as the log.
constexpr int64_t kCatchUpMs = 5;

// Hosts could not tell in time that a topic is read that would be idle sooner.
Change as_logged(Change change)
{
    int64_t& idle_ms = change.policy.idle_ms;
    idle_ms = idle_ms == 0 ? 0 : std::max(idle_ms, kLeastClusterIdleMs);
    return change;
}

// How often it is looked whether the lineage is ready, while some wait.
constexpr int64_t kLookMs = 20;

} // namespace

class Appender::Pending final : public PendingChange {
public:
    Pending(Appender& appender, uint64_t number)
        : appender_(appender), number_(number)
    {}
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;
    ~Pending() override
    {
        if (Waiting* waiting = appender_.find(number_)) {
            waiting->by = nullptr;
        }
    }
    using PendingChange::tell;

private:
    Appender& appender_;
    uint64_t number_;
};

// Waits until the zone has what the log had when it was asked.
class Appender::CatchingUp final : public PendingChange {
public:
    CatchingUp(Appender& appender, int64_t due_ms_)
        : due_ms(due_ms_), appender_(appender)
    {
        appender_.catching_up_.push_back(this);
    }
    CatchingUp(const CatchingUp&) = delete;
    CatchingUp& operator=(const CatchingUp&) = delete;
    ~CatchingUp() override { std::erase(appender_.catching_up_, this); }
    using PendingChange::tell;

    const int64_t due_ms;
    uint64_t question = 0;      // that was asked for it; 0: none is under way
    std::optional<LogId> up_to; // none: it is not known yet

private:
    Appender& appender_;
};

Appender::Appender(Store& store, WorkerId worker, const AppenderLimits& limits,
                   const Clock& host, AppenderTurns& turns)
    : store_(store), worker_(worker), limits_(limits), host_(host),
      turns_(turns), origin_(random_hash_key().first | 1),
      next_nonce_(random_hash_key().first)
{}

// Who is told may want to change something else.
Appender::~Appender()
{
    log_ = nullptr;
    while (!waiting_.empty()) {
        end_first(kNobodyKnows);
    }
    while (!catching_up_.empty()) {
        CatchingUp& one = *catching_up_.back();
        catching_up_.pop_back();
        one.tell(kCantNow);
    }
}

bool Appender::begin(Log& log)
{
    log_ = &log;
    return store_.answers.open(worker_, origin_);
}

bool Appender::has_room(size_t bytes) const
{
    return waiting_.empty() ||
           (next_number_ - waiting_.front().number < kAnswerCells &&
            bytes_ + bytes <= limits_.pending_bytes);
}

Outcome Appender::commit(const Change& change)
{
    if (change.payload.size() > kMaxLoggedBytes) {
        return kTooBig;
    }
    std::string bytes = encode({0, origin_, next_number_}, as_logged(change));
    WorkerCounters& counters = store_.workers.counters(worker_);
    if (log_ == nullptr ||
        store_.following.state() != ClusterState::following ||
        !has_room(bytes.size())) {
        counters.unavailable.add(1);
        return kCantNow;
    }
    auto pending = std::make_unique<Pending>(*this, next_number_);
    const int64_t due_ms = host_.ticks_ms() + limits_.wait_ms;
    bytes_ += bytes.size();
    waiting_.push_back(
        {next_number_++, std::move(bytes), due_ms, 0, pending.get()});
    counters.pending.add(1);
    append_all();
    turns_.run_appender_in(limits_.wait_ms);
    return std::unique_ptr<PendingChange>(std::move(pending));
}

std::unique_ptr<PendingChange> Appender::catch_up()
{
    auto waiting =
        std::make_unique<CatchingUp>(*this, host_.ticks_ms() + limits_.wait_ms);
    turns_.run_appender_in(0);
    return waiting;
}

// One question for all that have not asked.
void Appender::ask_tail()
{
    const bool wants = std::any_of(catching_up_.begin(), catching_up_.end(),
                                   [](const CatchingUp* one) {
                                       return one->question == 0 && !one->up_to;
                                   });
    if (!wants || log_ == nullptr || !log_->is_open() ||
        !store_.following.is_ready(log_->lineage())) {
        return;
    }
    const uint64_t question = ++questions_;
    const bool asked = log_->tail(
        [this, question](const LogOutcome& outcome, const LogId& id) {
            for (CatchingUp* one : catching_up_) {
                if (one->question == question) {
                    one->question = 0;
                    if (outcome.is_done()) {
                        one->up_to = id;
                    }
                }
            }
            turns_.run_appender_in(0);
        });
    for (CatchingUp* one : catching_up_) {
        if (asked && one->question == 0 && !one->up_to) {
            one->question = question;
        }
    }
}

void Appender::end_catching_up(int64_t now_ms)
{
    const LogId position = store_.following.position();
    for (size_t i = 0; i < catching_up_.size();) {
        CatchingUp& one = *catching_up_[i];
        const bool has = one.up_to && *one.up_to <= position;
        if (!has && now_ms < one.due_ms) {
            i++;
            continue;
        }
        catching_up_.erase(catching_up_.begin() + static_cast<ptrdiff_t>(i));
        one.tell(has ? Result<ChangeAnswer>(ChangeAnswer{}) : kCantNow);
        i = 0; // it may have been the end of others
    }
}

Appender::Waiting* Appender::find(uint64_t number)
{
    const auto found =
        std::lower_bound(waiting_.begin(), waiting_.end(), number,
                         [](const Waiting& one, uint64_t wanted) {
                             return one.number < wanted;
                         });
    return found != waiting_.end() && found->number == number ? &*found
                                                              : nullptr;
}

void Appender::on_open(std::string_view /*lineage*/)
{
    appended_ = 0;
    append_all();
}

void Appender::on_closed(std::string_view /*why*/)
{
    appended_ = 0;
}

// All that were not, over a connection to a log whose term was applied.
void Appender::append_all()
{
    if (waiting_.empty() || paused_until_ms_ != 0 ||
        waiting_.back().number <= appended_) {
        return;
    }
    if (!log_->is_open() || !store_.following.is_ready(log_->lineage())) {
        return turns_.run_appender_in(kLookMs);
    }
    for (Waiting& waiting : waiting_) {
        if (waiting.number > appended_ && !append(waiting)) {
            return;
        }
    }
}

bool Appender::append(Waiting& waiting)
{
    const uint64_t number = waiting.number;
    set_nonce(waiting.bytes, next_nonce_++);
    if (!log_->append(waiting.bytes, [this, number](const LogOutcome& outcome) {
            take(number, outcome);
        })) {
        return false;
    }
    waiting.attempts++;
    appended_ = number;
    if (number <= resent_up_to_) {
        store_.workers.counters(worker_).resent.add(1);
    }
    resent_up_to_ = std::max(resent_up_to_, number);
    return true;
}

// What the log has said to one. Its answer comes another way.
void Appender::take(uint64_t number, const LogOutcome& outcome)
{
    switch (outcome.kind) {
    case LogOutcome::Kind::done:
        pause_ms_ = 0;
        return;
    case LogOutcome::Kind::unknown:
        return;
    case LogOutcome::Kind::unsent:
    case LogOutcome::Kind::refused:
        break;
    }
    if (Waiting* waiting = find(number)) {
        waiting->attempts--;
    }
    if (outcome.kind == LogOutcome::Kind::refused) {
        pause();
    }
}

void Appender::pause()
{
    if (paused_until_ms_ == 0) {
        pause_ms_ = std::clamp(pause_ms_ * 2, kLeastPauseMs, kMostPauseMs);
        paused_until_ms_ = host_.ticks_ms() + pause_ms_;
        turns_.run_appender_in(pause_ms_);
    }
}

void Appender::run()
{
    const int64_t now_ms = host_.ticks_ms();
    if (paused_until_ms_ != 0 && paused_until_ms_ <= now_ms) {
        paused_until_ms_ = 0;
        appended_ = 0; // with all that came behind what was refused
    }
    end_due(now_ms);
    append_all();
    ask_tail();
    end_catching_up(now_ms);
    if (!catching_up_.empty()) {
        turns_.run_appender_in(kCatchUpMs);
    }
    if (!waiting_.empty()) {
        turns_.run_appender_in(
            std::max<int64_t>(waiting_.front().due_ms - now_ms, 1));
    }
    if (paused_until_ms_ != 0) {
        turns_.run_appender_in(std::max<int64_t>(paused_until_ms_ - now_ms, 1));
    }
}

void Appender::end_due(int64_t now_ms)
{
    while (!waiting_.empty() && waiting_.front().due_ms <= now_ms) {
        WorkerCounters& counters = store_.workers.counters(worker_);
        const bool unknown = waiting_.front().attempts > 0;
        (unknown ? counters.unknown : counters.unavailable).add(1);
        end_first(unknown ? kNobodyKnows : kCantNow);
    }
}

// The answers come in the order of numbers: one that has none when a later one
// has will never be done.
void Appender::take_answers()
{
    answers_.clear();
    store_.answers.read(worker_, answered_, answers_);
    for (const NumberedAnswer& answer : answers_) {
        answered_ = answer.number;
        while (!waiting_.empty() && waiting_.front().number < answer.number) {
            store_.workers.counters(worker_).unavailable.add(1);
            end_first(kCantNow);
        }
        if (!waiting_.empty() && waiting_.front().number == answer.number) {
            end_first(answer.result);
        }
    }
}

void Appender::end_first(const Result<ChangeAnswer>& answer)
{
    const Waiting first = std::move(waiting_.front());
    waiting_.pop_front();
    bytes_ -= first.bytes.size();
    store_.workers.counters(worker_).pending.sub(1);
    if (first.by != nullptr) {
        first.by->tell(answer);
    }
}

} // namespace ws_pubsub
