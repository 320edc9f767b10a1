// The ports of the layers under test, recording what they are asked for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "broker/broker.hpp"
#include "broker/session.hpp"
#include "shm/memory.hpp"

namespace ws_pubsub {

class RecordingWaker final : public Waker {
public:
    struct Wake {
        size_t worker;
        int wake_fd;

        bool operator==(const Wake&) const = default;
    };

    void wake(size_t worker, int wake_fd) override
    {
        wakes_.push_back({worker, wake_fd});
    }
    // What came since the last call.
    std::vector<Wake> take() { return std::exchange(wakes_, {}); }

private:
    std::vector<Wake> wakes_;
};

class FakeClock final : public Clock {
public:
    [[nodiscard]] int64_t now_ms() const override { return now; }
    [[nodiscard]] int64_t ticks_ms() const override { return now; }
    int64_t now = 1'700'000'000'000;
};

class FakeScheduler final : public Scheduler {
public:
    void run_soon() override { asked = true; }
    void run_at(int64_t ticks_ms) override { due_ms = ticks_ms; }
    bool asked = false;
    int64_t due_ms = 0;
};

// Stops its session when it is closed, as a real one does.
class RecordingTransport final : public Transport {
public:
    void flush_soon() override { flushes++; }
    void close(uint16_t code, std::string_view reason) override
    {
        closes++;
        close_code = code;
        close_reason = reason;
        if (session != nullptr) {
            session->stop();
        }
    }

    Session* session = nullptr;
    int flushes = 0;
    int closes = 0;
    uint16_t close_code = 0;
    std::string close_reason;
};

} // namespace ws_pubsub
