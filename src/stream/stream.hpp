// A stream of events or lines.
//
// Until it has got what it starts with it speaks a dialect without cursors;
// then it is told how far it has come, and messages say it (proto/
// stream_dialect.hpp). The same once it has had to skip messages.
#pragma once

#include "ngx/ngx.hpp"

#include "stream/stream_output.hpp"
#include "stream/stream_session.hpp"

namespace ws_pubsub {

class Stream final : public StreamSession {
public:
    enum class Form : uint8_t { events, plain_events, lines };

    // As StreamSession's; `options` need no protocol or dialect.
    Stream(ngx_http_request_t* r, Registry& registry, SessionLease lease,
           const StreamParts& parts, const StreamSettings& settings,
           StreamOptions options, Form form);

    void flush_now() override;

private:
    static StreamOptions with_dialect(StreamOptions options, Form form);
    static StreamFraming& framing_of(const StreamParts& parts, Form form);
    static std::string_view content_type(Form form);

    void start() override;
    void go_on() override;
    void on_time() override;

    bool send_head();
    void say_beginning();
    bool write();
    void note_progress();
    void push(std::string_view bytes);
    void push_event(std::string_view event, std::string_view words,
                    const std::optional<Cursor>& cursor);

    StreamFraming& framing_;
    StreamOutput output_;
    const Form form_;
    bool has_begun_ = false; // it was told how far it has come
};

} // namespace ws_pubsub
