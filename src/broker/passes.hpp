// Passes over sessions that may be met more than once: each is to be seen once.
//
// A pass has a number of its own, and marks each session that it meets with it
// (Seat::stamp), so that nothing has to be cleared afterwards. Passes do not
// overlap: where one begins, those before are over.
#pragma once

#include <cstdint>

namespace ws_pubsub {

class Passes {
public:
    // The number of a new pass; no session has it yet.
    uint64_t begin() { return ++last_; }

private:
    uint64_t last_ = 0;
};

} // namespace ws_pubsub
