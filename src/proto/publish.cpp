#include "proto/publish.hpp"

#include <optional>
#include <string>
#include <utility>

#include "base/limits.hpp"
#include "proto/json_text.hpp"

namespace ws_pubsub {

namespace {

bool is_condition(const Error& error)
{
    return error.code == Errc::conflict && error.cause == Cause::condition;
}

// Whether the client's condition holds for a topic whose value is at `at`.
bool holds(const Condition& condition, const Position& at)
{
    return condition.kind != Condition::Kind::absent &&
           (condition.kind != Condition::Kind::at || condition.at == at);
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
                               Publication& publication)
    {
        if (answer.expired) {
            return kExpired;
        }
        if (value.empty()) {
            return Error{Errc::unknown_topic, "no value is kept"};
        }
        const Message kept = value[0].message;
        if (!holds(condition_, kept.at)) {
            return Error{Errc::conflict, "the condition does not hold",
                         Cause::condition};
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

Result<PublishAnswer> publish_patch(const Publisher& publisher,
                                    const Publication& publication,
                                    const Patch& patch, size_t max_bytes)
{
    Publication attempt = publication;
    attempt.keyed_body = patch.text;
    Patcher patcher(patch, max_bytes, publication.condition);
    for (size_t i = 0; i < kMaxPatchRaces; i++) {
        Batch value;
        const ReadAnswer answer =
            publisher.store.read(publication.topic, {}, {}, value);
        if (const auto error = patcher.patch(answer, value, attempt)) {
            // What was applied may not be applicable any more.
            const auto earlier = publisher.store.find_answer(attempt);
            return earlier ? *earlier : *error;
        }
        auto published = publisher.publish(attempt);
        if (published || !is_condition(published.error())) {
            return published;
        }
    }
    return publisher.publish_change(
        attempt,
        [&](const ReadAnswer& answer, const Batch& value,
            Publication& made) -> std::optional<Error> {
            if (value.bytes() > kMaxLockedPatchBytes) {
                return Error{Errc::conflict, "others are changing the value"};
            }
            return patcher.patch(answer, value, made);
        });
}

Result<PublishAnswer> publish_command(const Publisher& publisher,
                                      const Command& command, int64_t now_ms,
                                      size_t max_bytes)
{
    Publication publication;
    publication.topic = command.topic;
    publication.now_ms = now_ms;
    publication.condition = command.condition;
    publication.idempotency_key = command.idempotency_key;
    if (command.patch) {
        return publish_patch(publisher, publication,
                             {*command.patch, command.payload}, max_bytes);
    }
    if (command.payload.size() > max_bytes) {
        return Error{Errc::limit, "the message is too big"};
    }
    publication.kind = command.kind;
    publication.payload = command.payload;
    return publisher.publish(publication);
}

void append_publish_answer(std::string& out, std::string_view topic,
                           const PublishAnswer& answer)
{
    out += "{\"topic\":";
    append_json_string(out, topic);
    out += ',';
    append_position(out, answer.at);
    out += ",\"subscribers\":";
    append_number(out, answer.subscribers);
    out += '}';
}

} // namespace ws_pubsub
