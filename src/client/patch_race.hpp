// A patch on its way into a topic's value: it is applied to what is kept, and
// the result published on condition that nobody has published meanwhile; else
// it begins anew.
//
// Thread safety: none; a worker's own.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "broker/publisher.hpp"
#include "json/patch.hpp"

namespace ws_pubsub {

class PatchRace {
public:
    // What the publisher is a handle of outlives it, and so does what the
    // publication and the patch refer to, or what take_over() says instead.
    PatchRace(const Publisher& publisher, const Change& publication,
              const Patch& patch, size_t max_bytes);

    // Tries until there is an outcome. Where that is pending, its answer is
    // the race's unless is_lost(): then it is to be called again.
    Outcome run();
    static bool is_lost(const Result<ChangeAnswer>& answer)
    {
        return !answer && answer.error().code == Errc::conflict &&
               answer.error().cause == Cause::condition;
    }

    // What it refers to is about to end: equal texts that stay.
    void take_over(std::string_view topic, std::string_view key,
                   std::string_view patch, const ChangeAuthor* author);
    [[nodiscard]] const Change& publication() const { return publication_; }
    [[nodiscard]] const Patch& patch() const { return patch_; }

private:
    // Makes that the attempt's payload. nullopt, or why it can't be.
    std::optional<Error> apply(const ReadAnswer& answer, const Batch& value,
                               Change& attempt);
    Outcome run_locked();

    Publisher publisher_;
    Change publication_;
    Patch patch_;
    size_t max_bytes_;
    size_t tries_ = 0;
    size_t worked_bytes_ = 0;
    std::string text_; // that it makes
};

} // namespace ws_pubsub
