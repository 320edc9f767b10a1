// One subscription of a session, and how far it has come with what it starts
// with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/message.hpp"
#include "readers/store.hpp"

namespace ws_pubsub {

class Session;
struct Group;
struct LocalTopic;
struct Subscription;

// Where a subscription starts in each topic.
struct Start {
    ReadFrom from; // topics that `positions` does not name
    std::map<std::string, Position, std::less<>> positions;
};

// What a subscription asks for beside its selector.
struct SubscribeOptions {
    Start start;
    int64_t interval_ms = 0; // of each topic one message in this time; 0: all
    bool delta = false;
};

// How far the values and history of a new subscription have been sent.
//
// It goes through the topics in path order, as the outbox has room. Topics up
// to `after` get messages as they come; those behind it are not yet live.
struct CatchUpState {
    Start start;
    std::string after;
    std::string listed_to;      // the last topic that the reply has named
    std::vector<TopicRow> page; // topics to come next, from `page_next`
    size_t page_next = 0;
    LocalTopic* partial = nullptr; // in the middle of this one's history,
    Position partial_at;           // up to here
    // Of `partial` nothing was sent yet: what is unread of it is delivered to
    // others first, in more than one turn.
    bool waits = false;
    std::set<const LocalTopic*> early; // live before their turn
    std::vector<std::string> gone;     // topics of the positions, to be told
    Subscription* before = nullptr;    // in the ring of those of its session
    Subscription* behind = nullptr;    // that are not through
};

struct Subscription {
    Session* session = nullptr;
    Group* group = nullptr;
    size_t place = 0;                       // in group->members
    std::unique_ptr<CatchUpState> catch_up; // null: live in all its topics
    int64_t interval_ms = 0; // of each topic one message in this time; 0: all
    bool delta = false;      // takes deltas
    bool overlaps = false;   // may share topics with another of the session
    bool present = false;    // its session's identity is present in the topic,
    uint8_t name = 0;        // the one of that number, as of Identity
    uint32_t number = 0;     // among its session's
};

} // namespace ws_pubsub
