// The sessions of libwebsockets of one worker. There are as many as clients are
// amid a message at a time, and some more in store; an idle client has none.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ws/lws_session.hpp"

namespace ws_pubsub {

class LwsPool {
public:
    // At most so many in store are kept, of each kind.
    static constexpr size_t kKept = 64;
    // Those in store at most, and one in its handshake.
    static constexpr size_t kMostUnlent = 2 * kKept + 1;

    // Outlives the pool and all that it has lent.
    explicit LwsPool(LwsEngine& engine) : engine_(engine) {}

    // The opening handshake for a valid key: the head of the 101 response;
    // empty when libwebsockets refuses. `deflate`: permessage-deflate without
    // context takeover was agreed on.
    std::string handshake(std::string_view key, bool deflate);

    // nullptr: out of memory.
    std::unique_ptr<LwsSession> lend(bool deflate);
    // REQUIRES: its last feed() was true, and it is not amid a message.
    void give_back(std::unique_ptr<LwsSession> session);
    // Keeps only a few in store.
    void shrink();

private:
    std::vector<std::unique_ptr<LwsSession>>& kept(bool deflate)
    {
        return deflate ? deflating_ : plain_;
    }

    LwsEngine& engine_;
    std::vector<std::unique_ptr<LwsSession>> plain_;
    std::vector<std::unique_ptr<LwsSession>> deflating_;
};

} // namespace ws_pubsub
