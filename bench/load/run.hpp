// One measurement: publishes by window or rate, warms up, measures, waits for
// what is still on its way, and tells what it saw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "load/crowd.hpp"
#include "load/deliveries.hpp"
#include "load/json.hpp"
#include "load/loop.hpp"
#include "load/options.hpp"
#include "load/payload.hpp"
#include "load/publisher.hpp"
#include "load/usage.hpp"

namespace ws_bench {

class Run {
public:
    explicit Run(const Options& options);

    // The result; "failed" in it says why it is none.
    JsonObject measure();

private:
    // What had been done and used at one moment.
    struct Sample {
        int64_t at_ns;
        std::vector<int64_t> servers_ns;
        int64_t own_ns;
        uint64_t delivered;
        uint64_t published;
        uint64_t answered;
        uint64_t reads;
    };

    void warm_up();
    void measure_idle();
    void fill_topics();
    void publish_until(int64_t end_ns);
    void drain();

    // Time since the program started, as in the stamps.
    [[nodiscard]] int64_t stamp_time(int64_t ns) const { return ns - start_; }
    void publish_one(Publisher& publisher, int64_t intended_ns);
    void publish_due();
    void publish_in_window();
    void publish_where_answered();
    void take_answers();
    [[nodiscard]] bool is_stuck();
    [[nodiscard]] uint64_t refused() const;
    [[nodiscard]] Sample sample() const;
    void report(const Sample& from, const Sample& to);

    const Options& options_;
    int64_t start_;
    Loop loop_;
    Deliveries deliveries_;
    Crowd crowd_;
    Payload payload_;
    std::vector<std::unique_ptr<Publisher>> publishers_;

    uint64_t published_ = 0;
    uint64_t answered_ = 0;
    size_t in_flight_ = 0;
    int64_t rate_from_ns_ = 0;
    uint64_t rate_published_ = 0;
    int64_t progress_ns_ = 0;
    uint64_t progress_ = 0;
    bool stuck_ = false;
    JsonObject result_;
};

} // namespace ws_bench
