// Several questions over one connection that are answered as one.
#pragma once

#include "ngx/ngx.hpp"

#include <functional>
#include <string>
#include <vector>

#include "log/log.hpp"
#include "redis/ground.hpp"
#include "redis/master_link.hpp"

namespace ws_pubsub::redis {

// Each reply, an error or not, by the number of its question. A text: all are
// refused for that.
using TakeReply = std::function<std::string(size_t question, const Reply&)>;

// False: the link is not open. `done` is called once.
bool ask_all(MasterLink& link, const std::vector<Words>& questions,
             TakeReply take, Log::Done done);

// Of a reply that is no error nothing matters.
std::string error_of(const Reply& reply);

} // namespace ws_pubsub::redis
