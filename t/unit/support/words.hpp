// What json.wspubsub.v1 says, to compare with; and topics with histories.
#pragma once

#include <string>
#include <string_view>

#include "support/clients.hpp"

namespace ws_pubsub {

// A line each, of a text message, and of the notices.
std::string msg(std::string_view topic, int seq, std::string_view text);
std::string notice(std::string_view topic, int epoch, int seq);
std::string gap(std::string_view topic, int from, int to);
std::string gone(std::string_view topic);

// A topic gets `count` more messages, each with its seq as text, and keeps
// `kept` of them.
Position fill(Cluster& cluster, std::string_view topic, int count,
              uint32_t kept);
// Lines of such messages.
std::string msg(std::string_view topic, int seq);
std::string msgs(std::string_view topic, int first, int last);

// A position as a command names it.
std::string since(const Position& at);

} // namespace ws_pubsub
