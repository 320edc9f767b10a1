#include "proto/publish.hpp"

#include <optional>

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

Result<PublishAnswer> try_patch(const Publisher& publisher,
                                Publication& publication, const Patch& patch,
                                size_t max_bytes, const Condition& condition)
{
    Batch batch;
    const ReadAnswer answer =
        publisher.store.read(publication.topic, {}, {}, batch);
    if (answer.expired) {
        return Error{Errc::expired, "the value has expired"};
    }
    if (batch.empty()) {
        return Error{Errc::unknown_topic, "no value is kept"};
    }
    const Message kept = batch[0].message;
    if (!holds(condition, kept.at)) {
        return Error{Errc::conflict, "the condition does not hold",
                     Cause::condition};
    }
    if (kept.kind != PayloadKind::json) {
        return Error{Errc::conflict, "the kept value is not JSON"};
    }
    const auto changed = apply_patch(kept.payload, patch, max_bytes);
    if (!changed) {
        return changed.error();
    }
    publication.kind = PayloadKind::json;
    publication.content_type = kept.content_type;
    publication.payload = *changed;
    publication.condition = {Condition::Kind::at, kept.at};
    return publisher.publish(publication);
}

} // namespace

Result<PublishAnswer> publish_patch(const Publisher& publisher,
                                    const Publication& publication,
                                    const Patch& patch, size_t max_bytes)
{
    Publication attempt = publication;
    attempt.keyed_body = patch.text;
    if (!attempt.idempotency_key.empty()) {
        // What was applied may not be applicable any more.
        if (auto earlier = publisher.store.find_answer(attempt)) {
            return *earlier;
        }
    }
    const bool retry = publication.condition.kind == Condition::Kind::none ||
                       publication.condition.kind == Condition::Kind::exists;
    for (size_t i = 0; i < kMaxPatchAttempts; i++) {
        auto published = try_patch(publisher, attempt, patch, max_bytes,
                                   publication.condition);
        if (published || !is_condition(published.error()) || !retry) {
            return published;
        }
    }
    return Error{Errc::conflict, "others are changing the value"};
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
