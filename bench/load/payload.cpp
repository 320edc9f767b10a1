#include "load/payload.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace ws_bench {

namespace {

constexpr std::string_view kStampKey = "{\"s\":\"";
constexpr std::string_view kQuotes = "\",\"quotes\":[";
constexpr std::string_view kEnd = "]}";

// The same quotes in each run.
class Quotes {
public:
    std::string next()
    {
        static constexpr std::array<const char*, 6> kPairs{
            "EURUSD", "USDJPY", "GBPUSD", "AUDUSD", "USDCHF", "EURGBP"};
        const unsigned bid = 10000 + draw(9999);
        std::array<char, 128> text{};
        std::snprintf(text.data(), text.size(),
                      "{\"symbol\":\"%s\",\"bid\":1.%u,\"ask\":1.%u,"
                      "\"volume\":%u,\"venue\":\"X%u\"}",
                      kPairs[draw(kPairs.size())], bid, bid + draw(9),
                      draw(90000), draw(4));
        return text.data();
    }

private:
    unsigned draw(unsigned below)
    {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<unsigned>(state_ >> 33U) % below;
    }

    uint64_t state_ = 1;
};

} // namespace

Payload::Payload(size_t bytes, bool json)
{
    if (!json) {
        text_.assign(std::max(bytes, kStampBytes), 'x');
        return;
    }
    stamp_at_ = kStampKey.size();
    text_ = kStampKey;
    text_.append(kStampBytes, '^');
    text_ += kQuotes;
    Quotes quotes;
    for (std::string quote = quotes.next();
         text_.size() + quote.size() + 1 + kEnd.size() <= bytes;
         quote = quotes.next()) {
        text_ += text_.ends_with('[') ? "" : ",";
        text_ += quote;
    }
    text_ += kEnd;
    if (text_.size() < bytes) {
        text_.insert(text_.size() - 1, bytes - text_.size(), ' ');
    }
}

std::string_view Payload::stamped(const Stamp& stamp)
{
    write_stamp(text_.data() + stamp_at_, stamp);
    return text_;
}

} // namespace ws_bench
