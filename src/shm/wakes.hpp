// Workers to be woken once a change is final and the lock is free again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "shm/memory.hpp"

namespace ws_pubsub {

class Wakes {
public:
    explicit Wakes(Waker& waker) : waker_(waker) {}

    // `number` is what the Waker knows the worker by; `change` that of the
    // change, in its transaction, that this is for.
    void add(size_t worker, int32_t number, uint32_t change)
    {
        pending_.push_back({worker, number, change});
    }
    // That change never happened, nor do those after it.
    void forget(uint32_t change)
    {
        while (!pending_.empty() && pending_.back().change >= change) {
            pending_.pop_back();
        }
    }
    // REQUIRES: the lock is not held.
    void send()
    {
        if (!pending_.empty()) {
            send_all();
        }
    }

private:
    struct Wake {
        size_t worker;
        int32_t number;
        uint32_t change;
    };

    void send_all()
    {
        for (const Wake& wake : pending_) {
            waker_.wake(wake.worker, wake.number);
        }
        pending_.clear();
    }

    Waker& waker_;
    std::vector<Wake> pending_;
};

} // namespace ws_pubsub
