// What a message is, wherever it happens to lie.
#pragma once

#include <cstdint>
#include <string_view>

namespace ws_pubsub {

enum class PayloadKind : uint8_t { text, json, binary };

// A place in a topic: which life of the topic, and which message of it.
struct Position {
    uint64_t epoch = 0; // 0: the topic is not there
    uint64_t seq = 0;   // 0: before the first message

    bool operator==(const Position&) const = default;
};

// The views point into memory of whoever hands the message out.
struct Message {
    Position at;
    int64_t time_ms = 0; // since 1970
    PayloadKind kind = PayloadKind::text;
    std::string_view content_type; // empty: the usual one of `kind`
    std::string_view payload;
    int64_t born_ms = 0; // the same time as time_ms, in the clock's ticks
};

// Whether a subscriber that can't keep up gets only a topic's newest message.
enum class Conflate : uint8_t {
    off,
    full,   // only once its queue is full
    always, // whenever something of its queue still waits
};

// What a topic keeps, and how it is delivered.
struct Policy {
    bool retain = true;   // the newest message
    uint32_t history = 0; // messages before the newest
    bool delta = false;   // to subscribers that ask for deltas
    Conflate conflate = Conflate::off;
    bool presence = false; // tell who comes and goes
    int64_t ttl_ms = 0;    // how long messages are kept; 0: no limit
    int64_t idle_ms = 0;   // how long the topic is, without use; 0: no limit
    uint32_t max_subscribers = 0; // by its very name; 0: no limit

    // How many of the newest messages stay readable.
    [[nodiscard]] uint32_t keep() const { return history + (retain ? 1 : 0); }
};

} // namespace ws_pubsub
