// What a change is answered: at once, or later.
//
// Thread safety: none; a worker's own.
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/result.hpp"
#include "topics/change.hpp"

namespace ws_pubsub {

// A change that is not answered yet. Its end means that nobody is told: the
// change goes its way all the same. It may end within the call that tells the
// answer.
class PendingChange {
public:
    using Done = std::function<void(const Result<ChangeAnswer>& answer)>;

    PendingChange() = default;
    PendingChange(const PendingChange&) = delete;
    PendingChange& operator=(const PendingChange&) = delete;
    virtual ~PendingChange() = default;

    // `done` is called once, from the event loop, and never from within this.
    void then(Done done) { done_ = std::move(done); }

protected:
    // The last thing to do with this, which may be no more. The answer is not
    // its own.
    void tell(const Result<ChangeAnswer>& answer)
    {
        if (const Done done = std::exchange(done_, nullptr)) {
            done(answer);
        }
    }

private:
    Done done_;
};

class [[nodiscard]] Outcome {
public:
    // All are meant: an answer is an outcome, and so is what is waited for.
    Outcome(Result<ChangeAnswer> answer) : answer_(answer) {} // NOLINT
    Outcome(const Error& error) : answer_(error) {}           // NOLINT
    Outcome(std::unique_ptr<PendingChange> pending)           // NOLINT
        : answer_(ChangeAnswer{}), pending_(std::move(pending))
    {}

    // An answer that is made in its place.
    template <class Apply>
    requires std::is_invocable_r_v<Result<ChangeAnswer>, Apply>
    explicit Outcome(const Apply& apply) : answer_(apply()) {}

    [[nodiscard]] bool is_pending() const { return pending_ != nullptr; }
    // REQUIRES: it is not pending.
    [[nodiscard]] const Result<ChangeAnswer>& answer() const { return answer_; }
    // REQUIRES: it is pending.
    [[nodiscard]] std::unique_ptr<PendingChange> take_pending()
    {
        return std::move(pending_);
    }

private:
    Result<ChangeAnswer> answer_;
    std::unique_ptr<PendingChange> pending_;
};

} // namespace ws_pubsub
