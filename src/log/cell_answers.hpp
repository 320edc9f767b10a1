// Answers as they come from applying a log's entries, for the workers of this
// host.
#pragma once

#include "log/applier.hpp"
#include "readers/answers.hpp"

namespace ws_pubsub {

class CellAnswers final : public EntryAnswers {
public:
    explicit CellAnswers(Answers& answers) : answers_(answers) {}
    void answer(Transaction& tx, const EntryHead& head,
                const Result<ChangeAnswer>& result) override
    {
        if (head.origin != 0) {
            answers_.put(tx, head.origin, head.number, result);
        }
    }

private:
    Answers& answers_;
};

} // namespace ws_pubsub
