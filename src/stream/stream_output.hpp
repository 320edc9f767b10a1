// From a session's outbox through nginx's output filters, which may compress,
// cut into chunks, or put into frames of HTTP/2 what they get.
//
// They keep what the connection does not take, and want it to stay where it is.
// So a block of it is copied for them, and the rest waits in the outbox, where
// its limit counts, until they have taken all of the block. A stream that has
// nothing to send has no block.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/cursor.hpp"
#include "broker/session.hpp"
#include "wire/stream_framing.hpp"

namespace ws_pubsub {

class StreamOutput {
public:
    static constexpr size_t kBlockBytes = 16UL * 1024;

    explicit StreamOutput(const StreamFraming& framing) : framing_(framing) {}

    // What the answer begins with, before all that waits. Nothing is offered
    // without.
    void begin_with(std::string words)
    {
        beginning_ = std::move(words);
        has_begun_ = true;
    }
    [[nodiscard]] bool has_begun() const { return has_begun_; }
    // What the last open frame that waits ends with.
    void set_cursor(const Cursor& cursor) { cursor_ = cursor; }
    // Offers what waits. False: the connection is broken.
    bool offer(ngx_http_request_t* r, Session& session, const Clock& clock);
    // Whether the filters have taken all of what they got.
    [[nodiscard]] bool is_drained() const { return block_.empty(); }
    // Ends the answer. REQUIRES: it is drained.
    static ngx_int_t end(ngx_http_request_t* r)
    {
        return ngx_http_send_special(r, NGX_HTTP_LAST);
    }

private:
    void fill(Outbox& outbox);
    bool send(ngx_http_request_t* r, ngx_chain_t* chain);
    static bool may_write(const ngx_http_request_t* r);
    static bool wait(ngx_http_request_t* r);

    const StreamFraming& framing_;
    std::optional<Cursor> cursor_;
    std::string beginning_;
    bool has_begun_ = false;
    std::string block_; // that is on its way
    ngx_buf_t buffer_{};
};

// How many frames that are open wait in the outbox.
[[nodiscard]] size_t open_frames(const Outbox& outbox);

} // namespace ws_pubsub
