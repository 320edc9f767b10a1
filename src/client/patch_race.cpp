#include "client/patch_race.hpp"

#include <utility>

#include "base/limits.hpp"

namespace ws_pubsub {

PatchRace::PatchRace(const Publisher& publisher, const Change& publication,
                     const Patch& patch, size_t max_bytes)
    : publisher_(publisher), publication_(publication), patch_(patch),
      max_bytes_(max_bytes)
{
    publication_.keyed_body = patch.text;
}

void PatchRace::take_over(std::string_view topic, std::string_view key,
                          std::string_view patch, const ChangeAuthor* author)
{
    publication_.topic = topic;
    publication_.idempotency_key = key;
    publication_.keyed_body = patch;
    publication_.author = author;
    patch_.text = patch;
}

// The attempt refers to this and to the batch.
std::optional<Error> PatchRace::apply(const ReadAnswer& answer,
                                      const Batch& value, Change& attempt)
{
    if (answer.expired) {
        return kExpired;
    }
    if (value.empty()) {
        return kNoValue;
    }
    const Message kept = value[0].message;
    if (!publication_.condition.holds(true, kept.at)) {
        return kConditionFails;
    }
    if (kept.kind != PayloadKind::json) {
        return Error{Errc::conflict, "the kept value is not JSON"};
    }
    auto changed = apply_patch(kept.payload, patch_, max_bytes_);
    if (!changed) {
        return changed.error();
    }
    text_ = std::move(*changed);
    attempt.kind = PayloadKind::json;
    attempt.content_type = kept.content_type;
    attempt.payload = text_;
    attempt.condition = {Condition::Kind::at, kept.at};
    return std::nullopt;
}

Outcome PatchRace::run()
{
    while (tries_ < kMaxPatchRaces && worked_bytes_ <= kMaxPatchRaceBytes) {
        tries_++;
        Change attempt = publication_;
        Batch value;
        const ReadAnswer answer =
            publisher_.reader().read(publication_.topic, {}, {}, value);
        worked_bytes_ += value.bytes() + patch_.text.size();
        if (const auto error = apply(answer, value, attempt)) {
            // What was applied may not be applicable any more.
            const auto earlier = publisher_.find_answer(attempt);
            return earlier ? *earlier : *error;
        }
        auto outcome = publisher_.publish(attempt);
        if (outcome.is_pending() || !is_lost(outcome.answer())) {
            return outcome;
        }
    }
    return run_locked();
}

Outcome PatchRace::run_locked()
{
    return publisher_.publish_revised(
        publication_,
        [&](const ReadAnswer& answer, const Batch& value,
            Change& made) -> std::optional<Error> {
            if (value.bytes() + patch_.text.size() > kMaxLockedPatchBytes) {
                return Publisher::kOthersChange;
            }
            return apply(answer, value, made);
        });
}

} // namespace ws_pubsub
