// Who has got which message: finds loss, duplicates and disorder, and tells
// when all have got a message, or how long it took.
//
// Messages are numbered from 0 over all topics; message i goes to topic
// i % topics. Subscriber s listens to topic s % topics, or, where each has
// several topics, alone to each of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "load/histogram.hpp"
#include "load/options.hpp"
#include "shared/stamp.hpp"

namespace ws_bench {

class Deliveries {
public:
    // `start_ns`: what the times of the stamps count from.
    Deliveries(const Options& options, int64_t start_ns);

    // Message `index` is about to be sent.
    void published(uint64_t index);

    // Bytes have been read just now: the time that took() is to count with.
    void read_at(int64_t ns) { read_ns_ = ns - start_ns_; }
    [[nodiscard]] bool wants_time() const { return from_ns_ != kNever; }

    void took(size_t subscriber, const Stamp& stamp);

    // Messages that all have got since the last call.
    size_t take_completed();

    // Latencies of what is meant to be sent in this time are kept (as
    // now_ns()).
    void measure(int64_t from_ns, int64_t to_ns);

    // Messages that `subscriber` had to get and did not, when `published` have
    // been sent in all.
    [[nodiscard]] uint64_t missing(size_t subscriber, uint64_t published) const;

    [[nodiscard]] uint64_t delivered() const { return delivered_; }
    [[nodiscard]] uint64_t lost() const { return lost_; }
    [[nodiscard]] uint64_t repeated() const { return repeated_; }
    [[nodiscard]] uint64_t misrouted() const { return misrouted_; }
    [[nodiscard]] const Histogram& latencies() const { return latencies_; }

private:
    static constexpr int64_t kNever = INT64_MAX;

    void complete_one(uint64_t index);

    int64_t start_ns_;
    size_t topics_;
    size_t subscriptions_;
    bool counts_window_;
    std::vector<uint64_t> next_;        // of each subscriber, or topic
    std::vector<uint32_t> audience_;    // of each topic, the stalled left out
    std::vector<uint32_t> waiting_for_; // deliveries, by index % window
    size_t completed_ = 0;

    uint64_t delivered_ = 0;
    uint64_t lost_ = 0; // a later one came
    uint64_t repeated_ = 0;
    uint64_t misrouted_ = 0;

    int64_t read_ns_ = 0;
    int64_t from_ns_ = kNever;
    int64_t to_ns_ = kNever;
    Histogram latencies_;
};

} // namespace ws_bench
