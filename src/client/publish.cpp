#include "client/publish.hpp"

#include <optional>
#include <string>
#include <utility>

#include "base/limits.hpp"

namespace ws_pubsub {

namespace {

bool is_condition(const Error& error)
{
    return error.code == Errc::conflict && error.cause == Cause::condition;
}

// What a patch makes of a topic's value.
class Patcher {
public:
    Patcher(const Patch& patch, size_t max_bytes, const Condition& condition)
        : patch_(patch), max_bytes_(max_bytes), condition_(condition)
    {}

    // Makes that the publication's payload. nullopt, or why it can't be. The
    // publication refers to this and to the batch.
    std::optional<Error> patch(const ReadAnswer& answer, const Batch& value,
                               Change& publication)
    {
        if (answer.expired) {
            return kExpired;
        }
        if (value.empty()) {
            return kNoValue;
        }
        const Message kept = value[0].message;
        if (!condition_.holds(true, kept.at)) {
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
        publication.kind = PayloadKind::json;
        publication.content_type = kept.content_type;
        publication.payload = text_;
        publication.condition = {Condition::Kind::at, kept.at};
        return std::nullopt;
    }

private:
    const Patch& patch_;
    size_t max_bytes_;
    const Condition& condition_;
    std::string text_;
};

} // namespace

Result<ChangeAnswer> publish_patch(const Publisher& publisher,
                                   const Change& publication,
                                   const Patch& patch, size_t max_bytes)
{
    Change attempt = publication;
    attempt.keyed_body = patch.text;
    Patcher patcher(patch, max_bytes, publication.condition);
    size_t worked_bytes = 0;
    for (size_t i = 0; i < kMaxPatchRaces && worked_bytes <= kMaxPatchRaceBytes;
         i++) {
        Batch value;
        const ReadAnswer answer =
            publisher.reader().read(publication.topic, {}, {}, value);
        worked_bytes += value.bytes() + patch.text.size();
        if (const auto error = patcher.patch(answer, value, attempt)) {
            // What was applied may not be applicable any more.
            const auto earlier = publisher.find_answer(attempt);
            return earlier ? *earlier : *error;
        }
        auto published = publisher.publish(attempt);
        if (published || !is_condition(published.error())) {
            return published;
        }
    }
    return publisher.publish_revised(
        attempt,
        [&](const ReadAnswer& answer, const Batch& value,
            Change& made) -> std::optional<Error> {
            if (value.bytes() + patch.text.size() > kMaxLockedPatchBytes) {
                return Error{Errc::conflict, "others are changing the value"};
            }
            return patcher.patch(answer, value, made);
        });
}

KeyShare share_of(const KeyOwner& owner)
{
    return owner.kind == KeyOwner::Kind::application ? KeyShare::application
                                                     : KeyShare::client;
}

// Kind, length of the identity, identity, key: two owners' keys are never the
// same bytes.
std::string owned_key(const KeyOwner& owner, std::string_view key)
{
    static_assert(kMaxIdentityBytes <= UINT8_MAX);
    std::string owned;
    if (!key.empty()) {
        owned.reserve(2 + owner.identity.size() + key.size());
        owned += static_cast<char>(owner.kind);
        owned += static_cast<char>(owner.identity.size());
        owned += owner.identity;
        owned += key;
    }
    return owned;
}

Result<ChangeAnswer> publish(const Publisher& publisher,
                             const PublishRequest& request,
                             const KeyOwner& owner, int64_t now_ms,
                             size_t max_bytes)
{
    const std::string key = owned_key(owner, request.idempotency_key);
    Change publication;
    publication.topic = request.topic;
    publication.now_ms = now_ms;
    publication.condition = request.condition;
    publication.idempotency_key = key;
    publication.key_share = share_of(owner);
    if (request.patch) {
        return publish_patch(publisher, publication,
                             {*request.patch, request.payload}, max_bytes);
    }
    if (request.payload.size() > max_bytes) {
        return kTooBig;
    }
    publication.kind = request.kind;
    publication.content_type = request.content_type;
    publication.payload = request.payload;
    return publisher.publish(publication);
}

} // namespace ws_pubsub
