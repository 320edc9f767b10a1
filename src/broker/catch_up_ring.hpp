// The subscriptions of one session that are not through with what they start
// with, in the order in which they began.
//
// They are linked by their CatchUpState, so that a session which waits for
// nothing holds one pointer for them.
#pragma once

namespace ws_pubsub {

struct Subscription;

class CatchUpRing {
public:
    // The one that began first; nullptr: all are through.
    [[nodiscard]] Subscription* first() const { return first_; }
    // Makes the subscription's CatchUpState; it is the last in the ring.
    // REQUIRES: it has none.
    void begin(Subscription& subscription);
    // Ends its CatchUpState: it is through, or ends itself. No effect when it
    // is through already.
    void end(Subscription& subscription);

private:
    Subscription* first_ = nullptr;
};

} // namespace ws_pubsub
