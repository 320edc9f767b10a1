// The ports of the layers under test, recording what they are asked for.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "broker/scheduler.hpp"
#include "broker/session.hpp"
#include "client/client.hpp"
#include "proto/protocol.hpp"
#include "shm/memory.hpp"

namespace ws_pubsub {

class RecordingWaker final : public Waker {
public:
    struct Wake {
        size_t worker;
        int number;

        bool operator==(const Wake&) const = default;
    };

    void wake(size_t worker, int number) override
    {
        wakes_.push_back({worker, number});
    }
    // What came since the last call.
    std::vector<Wake> take() { return std::exchange(wakes_, {}); }

private:
    std::vector<Wake> wakes_;
};

class FakeClock final : public Clock {
public:
    [[nodiscard]] int64_t now_ms() const override { return now + step; }
    [[nodiscard]] int64_t ticks_ms() const override { return now; }
    int64_t now = 1'700'000'000'000;
    int64_t step = 0; // by which the system's clock was set
};

class FakeScheduler final : public Scheduler {
public:
    void run_soon() override { asked = true; }
    void read_inbox_soon() override { asked_to_read = true; }
    void read_inbox_next() override { asked_for_next = true; }
    void run_at(int64_t ticks_ms) override { due_ms = ticks_ms; }
    bool asked = false;
    bool asked_to_read = false;
    bool asked_for_next = false; // to read in the next turn
    int64_t due_ms = 0;
};

// Stops its session when it is closed, as a real one does. Its connection
// takes nothing but what `room` says, and that as soon as it is offered.
class RecordingTransport final : public Link {
public:
    void flush_soon() override { flushes++; }
    void flush_now() override
    {
        if (room > 0) {
            offer();
        }
    }
    // What the event loop does when the connection can be written.
    void offer()
    {
        Outbox& outbox = session->outbox();
        const size_t took = std::min(room, outbox.bytes());
        size_t left = took;
        for (size_t i = 0; left > 0; i++) {
            const size_t skipped = i == 0 ? outbox.front_offset() : 0;
            const size_t some =
                std::min<size_t>(left, outbox[i].size() - skipped);
            taken.append(outbox[i].data() + skipped, some);
            left -= some;
        }
        outbox.consume(took);
        room -= took;
        outbox.offered(took > 0, clock);
    }
    void close(EndCause cause, std::string_view reason) override
    {
        close_with(usual_close_code(cause), reason);
    }
    void close_with(uint16_t code, std::string_view reason) override
    {
        closes++;
        close_code = code;
        close_reason = reason;
        if (session != nullptr) {
            session->stop();
        }
        if (on_close) {
            on_close();
        }
    }

    [[nodiscard]] LinkInfo info() const override
    {
        return {"192.0.2.1", "/ws", "json.wspubsub.v1"};
    }

    void log_denial(const Denial& denial) override
    {
        denials.push_back(text_of(denial));
    }
    void go_on_soon() override { turns++; }
    void due_changed() override { due_changes++; }

    explicit RecordingTransport(const Clock& time) : clock(time) {}

    const Clock& clock;
    Session* session = nullptr;
    size_t room = 0;   // bytes
    std::string taken; // by the connection
    int flushes = 0;
    int closes = 0;
    int turns = 0; // that were asked for
    int due_changes = 0;
    uint16_t close_code = 0;
    std::string close_reason;
    std::function<void()> on_close;
    std::vector<std::string> denials;
};

} // namespace ws_pubsub
