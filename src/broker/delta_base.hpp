// The text that a session got last of a topic: what a delta can begin with.
#pragma once

#include <cstdint>
#include <memory>

namespace ws_pubsub {

struct BaseText;

struct DeltaBase {
    uint64_t seq = 0;               // of the message; 0: there is none
    std::shared_ptr<BaseText> text; // held if messages may be skipped; or null

    void forget()
    {
        seq = 0;
        text.reset();
    }
};

} // namespace ws_pubsub
