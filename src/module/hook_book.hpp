// The hooks of a zone in a worker: how many there are, and what came of them.
//
// Thread safety: none; a worker's own.
#pragma once

#include <cstddef>
#include <utility>

#include "base/limits.hpp"
#include "readers/layout.hpp"

namespace ws_pubsub {

class HookBook {
public:
    // Of one hook, as long as it has a connection.
    class Place {
    public:
        Place() = default; // none
        explicit Place(HookBook& book) : book_(&book) { book.add(1); }
        Place(Place&& other) noexcept
            : book_(std::exchange(other.book_, nullptr))
        {}
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place()
        {
            if (book_ != nullptr) {
                book_->add(size_t{0} - 1);
            }
        }
        explicit operator bool() const { return book_ != nullptr; }

    private:
        HookBook* book_ = nullptr;
    };

    HookBook() = default;
    HookBook(const HookBook&) = delete;
    HookBook& operator=(const HookBook&) = delete;
    ~HookBook() = default;

    // Where it is counted from now on; nullptr: nowhere.
    void count_in(WorkerCounters* counters)
    {
        counters_ = counters;
        show();
    }

    // None where there are too many.
    Place enter() { return pending_ < kMaxHooks ? Place(*this) : Place(); }
    void note_asked() { count(&WorkerCounters::hooks); }
    void note_denied() { count(&WorkerCounters::hooks_denied); }
    void note_failed() { count(&WorkerCounters::hooks_failed); }

private:
    void add(size_t n)
    {
        pending_ += n;
        show();
    }
    void show()
    {
        if (counters_ != nullptr) {
            counters_->hooks_pending.sub(counters_->hooks_pending.get() -
                                         pending_);
        }
    }
    void count(Counter WorkerCounters::*counter)
    {
        if (counters_ != nullptr) {
            (counters_->*counter).add(1);
        }
    }

    WorkerCounters* counters_ = nullptr;
    size_t pending_ = 0;
};

} // namespace ws_pubsub
