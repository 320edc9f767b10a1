#include "support/words.hpp"

#include "base/position_text.hpp"

namespace ws_pubsub {

std::string msg(std::string_view topic, int seq, std::string_view text)
{
    return R"({"op":"msg","topic":")" + std::string(topic) + R"(","seq":)" +
           std::to_string(seq) + R"(,"text":")" + std::string(text) + "\"}";
}

std::string notice(std::string_view topic, int epoch, int seq)
{
    return R"({"op":"topic","topic":")" + std::string(topic) +
           R"(","epoch":")" + std::to_string(epoch) + R"(","seq":)" +
           std::to_string(seq) + '}';
}

std::string gap(std::string_view topic, int from, int to)
{
    return R"({"op":"gap","topic":")" + std::string(topic) + R"(","from":)" +
           std::to_string(from) + R"(,"to":)" + std::to_string(to) +
           R"(,"cause":"evicted"})";
}

std::string gone(std::string_view topic)
{
    return R"({"op":"gone","topic":")" + std::string(topic) +
           R"(","reason":"deleted"})";
}

std::string msg(std::string_view topic, int seq)
{
    return msg(topic, seq, std::to_string(seq));
}

std::string msgs(std::string_view topic, int first, int last)
{
    std::string text;
    for (int i = first; i <= last; i++) {
        text += (text.empty() ? "" : "\n") + msg(topic, i);
    }
    return text;
}

Position fill(Cluster& cluster, std::string_view topic, int count,
              uint32_t kept)
{
    Position at;
    for (int i = 1; i <= count; i++) {
        const uint64_t next = cluster.zone.store->topics.newest(topic).seq + 1;
        at =
            cluster.zone.put(topic, std::to_string(next), keeping(kept - 1)).at;
    }
    return at;
}

std::string since(const Position& at)
{
    return R"({"epoch":")" + epoch_text(at.epoch) + R"(","seq":)" +
           std::to_string(at.seq) + '}';
}

} // namespace ws_pubsub
