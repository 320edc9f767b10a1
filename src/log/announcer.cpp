#include "log/announcer.hpp"

#include <algorithm>
#include <cstddef>

#include "base/keyed_hash.hpp"
#include "base/limits.hpp"
#include "log/entry.hpp"
#include "log/log_id.hpp"

namespace ws_pubsub {

namespace {

constexpr size_t kTouchBytes = 64UL * 1024;

void append(Log& log, const EntryBody& body)
{
    log.append(encode({random_hash_key().first, 0, 0}, body),
               [](const LogOutcome&) {});
}

} // namespace

bool Announcer::may_append() const
{
    return appending_.is_open() &&
           store_.following.is_ready(appending_.lineage());
}

void Announcer::say_alive(const LogId& position)
{
    const int64_t now_ms = host_.ticks_ms();
    if ((alive_ms_ == 0 || now_ms - alive_ms_ >= kAliveMs) && may_append()) {
        alive_ms_ = now_ms;
        say(position, false);
    }
}

void Announcer::say(const LogId& position, bool leaving)
{
    const std::string text = text_of(position);
    AliveEntry alive;
    alive.host = store_.following.host();
    alive.name = self_.name;
    alive.capacity_bytes = self_.capacity_bytes;
    alive.position = text;
    alive.sessions = store_.status().sessions;
    alive.format = uint8_t{kEntryFormat};
    alive.leaving = leaving;
    alive.asks = store_.people.asks();
    append(appending_, alive);
}

void Announcer::tell_news()
{
    if (alive_ms_ != 0 && has_news() && may_append()) {
        people_.tell(appending_);
    }
}

void Announcer::touch(const std::vector<std::string>& topics)
{
    if (topics.empty() || !may_append()) {
        return;
    }
    TouchEntry touch;
    size_t bytes = 0;
    for (const std::string& topic : topics) {
        touch.topics.push_back(topic);
        bytes += topic.size() + 1;
        if (bytes >= kTouchBytes) {
            append(appending_, touch);
            touch.topics.clear();
            bytes = 0;
        }
    }
    if (!touch.topics.empty()) {
        append(appending_, touch);
    }
}

void Announcer::leave(const LogId& position)
{
    if (may_append()) {
        say(position, true);
    }
}

void Announcer::hear(const AliveEntry& alive)
{
    if (alive.host != store_.following.host()) {
        names_[alive.host] = alive.name;
    }
}

std::vector<std::string> Announcer::take_gone()
{
    constexpr int64_t kLookMs = 1000;
    const int64_t now_ms = host_.ticks_ms();
    std::vector<std::string> gone;
    if (names_.empty() || now_ms - looked_ms_ < kLookMs) {
        return gone;
    }
    looked_ms_ = now_ms;
    const auto hosts = store_.following.hosts();
    std::erase_if(names_, [&](const auto& one) {
        if (std::find(hosts.begin(), hosts.end(), one.first) != hosts.end()) {
            return false;
        }
        gone.push_back(one.second);
        return true;
    });
    return gone;
}

} // namespace ws_pubsub
