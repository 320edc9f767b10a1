// What the application behind nginx is asked before a client may do something
// that its permissions do not say, or that they do not say alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "base/message.hpp"
#include "base/result.hpp"
#include "base/topic.hpp"
#include "json/patch.hpp"

namespace ws_pubsub {

inline constexpr Error kCantAsk{Errc::unavailable, "can't be decided now"};

// What a client wants to do. Its texts are those of the caller.
struct Question {
    enum class About : uint8_t { subscribe, publish };
    About about = About::subscribe;
    std::string_view op;    // as the hook is told: sub, get, history, who, pub
    std::string_view topic; // or selector

    // of publish
    PayloadKind kind = PayloadKind::json;
    std::string_view payload;
    std::optional<PatchKind> patch; // what the payload is
};

// For which commands of a location's clients there is a hook.
struct HookRules {
    enum class Mode : uint8_t {
        off,
        needed, // for what permissions do not allow
        always, // also for what they do
    };
    Mode subscribe = Mode::off; // reading, too
    Mode publish = Mode::off;
    // Subscriptions that a hook has allowed are asked for anew after so long;
    // 0: never.
    int64_t again_ms = 0;
    size_t max_pending = kDefaultHookPending; // of a client

    [[nodiscard]] Mode mode(Question::About about) const
    {
        return about == Question::About::publish ? publish : subscribe;
    }
    // Whether one is asked about what the client's permissions allow, or not.
    // What is reserved only they can allow.
    [[nodiscard]] bool must_ask(Question::About about, bool allowed,
                                std::string_view wanted) const
    {
        const Mode its = mode(about);
        return allowed ? its == Mode::always
                       : its != Mode::off && !is_reserved(wanted);
    }
    [[nodiscard]] bool has_any() const
    {
        return subscribe != Mode::off || publish != Mode::off;
    }
};

// What came of it.
struct Verdict {
    struct Payload {
        // nullopt: that of the message as it was.
        std::optional<PayloadKind> kind;
        std::string content_type; // empty: the usual one of `kind`
        std::string text;
    };

    // Why it may not be done; nullopt: it may. Its message is `message` where
    // that is not empty.
    std::optional<Error> refusal;
    std::string message;
    std::optional<Payload> payload; // of publish: instead of its own

    // Valid as long as this. REQUIRES: there is a refusal.
    [[nodiscard]] Error error() const
    {
        return message.empty() ? *refusal
                               : Error{refusal->code, message, refusal->cause};
    }
};

// A question that may not be answered yet. Its end cancels it: then nobody is
// told. It may end within the call that tells the answer.
class PendingHook {
public:
    PendingHook() = default;
    PendingHook(const PendingHook&) = delete;
    PendingHook& operator=(const PendingHook&) = delete;
    virtual ~PendingHook() = default;
};

// The port to who is asked. One belongs to one client.
//
// Thread safety: none; a worker's own.
class Hooks {
public:
    using Done = std::function<void(Verdict verdict)>;

    Hooks() = default;
    Hooks(const Hooks&) = delete;
    Hooks& operator=(const Hooks&) = delete;
    virtual ~Hooks() = default;

    // `done` is called once, from the event loop, and never from within ask().
    // nullptr: nothing was asked, since it can't be now.
    virtual std::unique_ptr<PendingHook> ask(const Question& question,
                                             Done done) = 0;
};

} // namespace ws_pubsub
