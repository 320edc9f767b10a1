// The port to who has to agree before the topics of a zone take a change.
//
// A host of its own has none: what is published there happens at once. Many
// hosts take the same changes in the same order, so that the answer comes when
// a change has gone through the order and was applied here.
//
// Thread safety: none; a worker's own.
#pragma once

#include "topics/outcome.hpp"

namespace ws_pubsub {

class Committer {
public:
    Committer() = default;
    Committer(const Committer&) = delete;
    Committer& operator=(const Committer&) = delete;
    virtual ~Committer() = default;

    // Takes the change, which is stamped; what it refers to is the caller's.
    // An error at once: it was not taken. While some are not answered, it is
    // its matter that a worker on its way out stays.
    virtual Outcome commit(const Change& change) = 0;
    // Whether what is here is what all have agreed to, so far.
    [[nodiscard]] virtual bool serves() const = 0;
    // Waits until what others have done by now was applied here, too: then an
    // answer without meaning is told, or the error unavailable.
    virtual std::unique_ptr<PendingChange> catch_up() = 0;
};

} // namespace ws_pubsub
