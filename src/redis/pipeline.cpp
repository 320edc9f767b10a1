#include "redis/pipeline.hpp"

#include <utility>

namespace ws_pubsub::redis {

namespace {

// What a buffer that was written keeps for the next bytes.
constexpr size_t kKeptBytes = 256UL * 1024;

} // namespace

bool Pipeline::add(const Command& command, int64_t deadline_ms,
                   Callback callback)
{
    if (has_ended_) {
        return false;
    }
    const size_t before = next_.size();
    const size_t were_due = dues_.size();
    const Due due{queued_, deadline_ms};
    try {
        command.append_to(next_);
        dues_.push_back(due);
        const uint64_t end = queued_ + (next_.size() - before);
        waiting_.push_back({queued_, end, std::move(callback)});
    } catch (...) {
        next_.resize(before);
        dues_.resize(were_due);
        throw;
    }
    queued_ = waiting_.back().end;
    while (dues_.size() > 1 && dues_[dues_.size() - 2].ms >= deadline_ms) {
        dues_.pop_back();
        dues_.back() = due;
    }
    return true;
}

std::string_view Pipeline::outgoing()
{
    if (begin_ == writing_.size()) {
        begin_ = 0;
        writing_.clear();
        std::swap(writing_, next_);
        if (next_.capacity() > kKeptBytes) {
            next_ = {};
        }
    }
    return std::string_view(writing_).substr(begin_);
}

void Pipeline::note_written(size_t bytes)
{
    begin_ += bytes;
    written_ += bytes;
}

Pipeline::Waiting Pipeline::pop()
{
    Waiting one = std::move(waiting_.front());
    waiting_.pop_front();
    if (!dues_.empty() && dues_.front().begin == one.begin) {
        dues_.pop_front();
    }
    return one;
}

bool Pipeline::answer(const Reply& reply)
{
    if (waiting_.empty() || waiting_.front().end > written_) {
        // a server that lets nobody in says why before it was asked
        fault_ = reply.kind() == Kind::error
                     ? reply.text()
                     : "a reply has come that nobody has asked for";
        return false;
    }
    Ending ending;
    ending.reply = reply;
    pop().callback(ending);
    return true;
}

bool Pipeline::take(std::string_view bytes)
{
    reader_.feed(bytes);
    while (!has_ended_) {
        const std::optional<Reply> reply = reader_.next();
        if (!reply) {
            fault_ = reader_.fault();
            return fault_.empty();
        }
        if (!answer(*reply)) {
            return false;
        }
    }
    return true;
}

int64_t Pipeline::deadline_ms() const
{
    return dues_.empty() ? kNever : dues_.front().ms;
}

void Pipeline::end(std::string_view why)
{
    has_ended_ = true;
    while (!waiting_.empty()) {
        const Waiting one = pop();
        Ending ending;
        ending.was_sent = one.begin < written_;
        ending.why = why;
        one.callback(ending);
    }
}

} // namespace ws_pubsub::redis
