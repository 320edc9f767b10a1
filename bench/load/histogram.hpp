// Counts of durations in buckets of a width of less than 1 %.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ws_bench {

class Histogram {
public:
    void add(int64_t ns)
    {
        counts_[bucket_of(ns < 0 ? 0 : static_cast<uint64_t>(ns))]++;
        total_++;
    }

    [[nodiscard]] uint64_t total() const { return total_; }

    // The duration that `part` (0 to 1) of all do not exceed.
    [[nodiscard]] double quantile_ns(double part) const
    {
        const auto wanted =
            static_cast<uint64_t>(part * static_cast<double>(total_));
        uint64_t seen = 0;
        for (size_t i = 0; i < kBuckets; i++) {
            seen += counts_[i];
            if (seen > wanted || (seen == total_ && seen > 0)) {
                return middle_of(i);
            }
        }
        return 0;
    }

private:
    // Each power of two is divided into this many buckets.
    static constexpr unsigned kBits = 7;
    static constexpr size_t kPart = size_t{1} << kBits;
    static constexpr size_t kBuckets = kPart * (64 - kBits);

    static size_t bucket_of(uint64_t ns)
    {
        if (ns < kPart) {
            return static_cast<size_t>(ns);
        }
        const auto shift =
            static_cast<unsigned>(std::bit_width(ns)) - kBits - 1;
        return kPart * (shift + 1) + static_cast<size_t>((ns >> shift) - kPart);
    }

    static double middle_of(size_t bucket)
    {
        if (bucket < kPart) {
            return static_cast<double>(bucket);
        }
        const size_t shift = bucket / kPart - 1;
        const auto width = static_cast<double>(uint64_t{1} << shift);
        return (static_cast<double>(bucket % kPart + kPart) + 0.5) * width;
    }

    uint64_t total_ = 0;
    std::array<uint64_t, kBuckets> counts_{};
};

} // namespace ws_bench
