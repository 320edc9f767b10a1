#include "ws/lws_pool.hpp"

#include <utility>

namespace ws_pubsub {

namespace {

// For a session that no client's handshake was needed for.
constexpr std::string_view kAnyKey = "AAAAAAAAAAAAAAAAAAAAAA==";

// When little is going on so many are enough.
constexpr size_t kKeptWhenQuiet = 4;

} // namespace

std::string LwsPool::handshake(std::string_view key, bool deflate)
{
    auto session = std::make_unique<LwsSession>(engine_, deflate);
    std::string answer = session->open(key);
    if (!answer.empty()) {
        give_back(std::move(session));
    }
    return answer;
}

std::unique_ptr<LwsSession> LwsPool::lend(bool deflate)
{
    auto& kept_ones = kept(deflate);
    if (kept_ones.empty() && handshake(kAnyKey, deflate).empty()) {
        return nullptr;
    }
    std::unique_ptr<LwsSession> session = std::move(kept_ones.back());
    kept_ones.pop_back();
    return session;
}

void LwsPool::shrink()
{
    for (auto* ones : {&plain_, &deflating_}) {
        if (ones->size() > kKeptWhenQuiet) {
            ones->resize(kKeptWhenQuiet);
        }
        ones->shrink_to_fit();
    }
}

void LwsPool::give_back(std::unique_ptr<LwsSession> session)
{
    auto& kept_ones = kept(session->deflate());
    if (kept_ones.size() < kKept) {
        kept_ones.push_back(std::move(session));
    }
}

} // namespace ws_pubsub
