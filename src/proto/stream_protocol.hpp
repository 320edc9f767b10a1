// What a stream's client speaks: nothing, once it has said what it wants to
// hear.
//
//   wish ─▶ whether it may, selector by selector ─▶ subscriptions ─▶ ready
//                                    └─▶ refused
//
// All selectors are seen to before anything is told of any: a hook may be asked
// about each of them, and a selector may take several turns. What comes
// meanwhile waits in the outbox.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cursor.hpp"
#include "base/topic.hpp"
#include "broker/shared_turns.hpp"
#include "client/hooks.hpp"
#include "proto/protocol.hpp"

namespace ws_pubsub {

struct StreamWish {
    std::vector<Selector> selectors; // different ones
    ReadFrom from;                   // where to begin, without a cursor
    std::optional<Cursor> since;     // behind which to begin
    int64_t interval_ms = 0;         // of each topic one message in this time
    bool delta = false;
    bool subscribes = true; // else it is only seen whether it may
};

class StreamProtocol final : public Protocol {
public:
    // Who is told, once, what came of the wish; from within on_open() as well.
    class Owner {
    public:
        Owner() = default;
        Owner(const Owner&) = delete;
        Owner& operator=(const Owner&) = delete;
        virtual ~Owner() = default;

        virtual void on_ready() = 0;
        virtual void on_refused(const Error& why) = 0;
    };

    // Client and owner outlive it.
    StreamProtocol(Client& client, StreamWish wish, Owner& owner);
    StreamProtocol(const StreamProtocol&) = delete;
    StreamProtocol& operator=(const StreamProtocol&) = delete;
    ~StreamProtocol() override;

    void on_open() override { go_on(); }
    void on_message(bool /*binary*/, std::string_view /*payload*/) override {}
    void begin_turn() override;
    void stop() override;

    [[nodiscard]] const StreamWish& wish() const { return wish_; }
    // It has a cursor which is none of the zone's: it begins anew.
    // REQUIRES, as the next: it is ready.
    [[nodiscard]] bool is_reset() const { return is_reset_; }
    // What reads the topics of its selectors.
    [[nodiscard]] const Reader& reader() const { return *reader_; }

private:
    class Step;
    enum class Next : uint8_t { goes_on, waits, over };

    void go_on();
    Next look_up_cursor();
    Next take_selector();
    Next subscribe(const Selector& selector);
    Next refuse(const Error& why);
    void take_verdict(const Verdict& verdict);
    [[nodiscard]] SubscribeOptions options() const;

    Client& client_;
    StreamWish wish_;
    Owner& owner_;
    std::optional<Reader> reader_;
    size_t next_ = 0; // of the selectors
    bool is_over_ = false;
    bool is_reset_ = false;
    bool cursor_is_known_ = false; // or that it is not
    bool is_asked_ = false;        // about the next selector, and it may
    std::unique_ptr<PendingChange> pending_;
    std::unique_ptr<PendingHook> hook_;
    std::unique_ptr<Step> step_;
};

} // namespace ws_pubsub
