#include "client/publish.hpp"

#include <memory>
#include <string>
#include <utility>

#include "base/limits.hpp"
#include "client/patch_race.hpp"

namespace ws_pubsub {

namespace {

// Who has asked for a change, with texts of its own.
class OwnedAuthor {
public:
    explicit OwnedAuthor(const ChangeAuthor* author)
    {
        if (author != nullptr) {
            session_ = author->session;
            user_ = author->user;
            identity_ = author->identity;
        }
        views_ = {session_, user_, identity_};
    }
    OwnedAuthor(const OwnedAuthor&) = delete;
    OwnedAuthor& operator=(const OwnedAuthor&) = delete;
    ~OwnedAuthor() = default;

    [[nodiscard]] const ChangeAuthor& views() const { return views_; }

private:
    std::string session_;
    std::string user_;
    std::string identity_;
    ChangeAuthor views_;
};

// A patch whose tries are answered later. What it refers to is its own.
class PendingPatch final : public PendingChange {
public:
    PendingPatch(PatchRace race, std::unique_ptr<PendingChange> pending)
        : topic_(race.publication().topic),
          key_(race.publication().idempotency_key), text_(race.patch().text),
          author_(race.publication().author), race_(std::move(race))
    {
        race_.take_over(topic_, key_, text_, &author_.views());
        wait(std::move(pending));
    }

private:
    void wait(std::unique_ptr<PendingChange> pending)
    {
        pending_ = std::move(pending);
        pending_->then(
            [this](const Result<ChangeAnswer>& answer) { take(answer); });
    }

    void take(const Result<ChangeAnswer>& answer)
    {
        const auto answered = std::move(pending_); // ends with this call
        if (!PatchRace::is_lost(answer)) {
            return tell(answer);
        }
        Outcome outcome = race_.run();
        if (outcome.is_pending()) {
            wait(outcome.take_pending());
        } else {
            tell(outcome.answer());
        }
    }

    std::string topic_;
    std::string key_;
    std::string text_;
    OwnedAuthor author_;
    PatchRace race_;
    std::unique_ptr<PendingChange> pending_;
};

} // namespace

Outcome publish_patch(const Publisher& publisher, const Change& publication,
                      const Patch& patch, size_t max_bytes)
{
    PatchRace race(publisher, publication, patch, max_bytes);
    Outcome outcome = race.run();
    if (!outcome.is_pending()) {
        return outcome;
    }
    return std::unique_ptr<PendingChange>(std::make_unique<PendingPatch>(
        std::move(race), outcome.take_pending()));
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
    if (!key.empty()) { // up to kMaxOwnedKeyBytes
        owned.reserve(2 + owner.identity.size() + key.size());
        owned += static_cast<char>(owner.kind);
        owned += static_cast<char>(owner.identity.size());
        owned += owner.identity;
        owned += key;
    }
    return owned;
}

Outcome publish(const Publisher& publisher, const PublishRequest& request,
                const KeyOwner& owner, int64_t now_ms, size_t max_bytes,
                const ChangeAuthor& author)
{
    const std::string key = owned_key(owner, request.idempotency_key);
    Change publication;
    publication.topic = request.topic;
    publication.now_ms = now_ms;
    publication.condition = request.condition;
    publication.idempotency_key = key;
    publication.key_share = share_of(owner);
    publication.author = &author;
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
