#include "ngx/ngx.hpp"

#include "stream/stream.hpp"

#include <utility>

#include "base/close_code.hpp"
#include "ngx/headers.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

namespace {

// Of clients that are sent away together: when they come back.
constexpr uint64_t kLeastRetryMs = 1000;
constexpr uint64_t kRetrySpreadMs = 2000;

uint8_t first_dialect(Stream::Form form)
{
    return form == Stream::Form::lines ? kLineDialects : kEventDialects;
}

// Of one topic each message has its number: nothing of others can come late.
bool is_of_one_topic(const StreamWish& wish)
{
    return wish.selectors.size() == 1 && wish.selectors.front().is_exact();
}

} // namespace

StreamOptions Stream::with_dialect(StreamOptions options, Form form)
{
    options.protocol = form == Form::lines ? "lines" : "sse";
    if (form == Form::plain_events) {
        options.dialect = kPlainEventDialect;
    } else {
        options.dialect = dialect_of(
            first_dialect(form),
            is_of_one_topic(options.wish) ? Cursors::own : Cursors::none);
    }
    return options;
}

StreamFraming& Stream::framing_of(const StreamParts& parts, Form form)
{
    if (form == Form::lines) {
        return parts.dialects.lines;
    }
    return parts.dialects.events;
}

std::string_view Stream::content_type(Form form)
{
    return form == Form::lines ? "application/x-ndjson" : "text/event-stream";
}

Stream::Stream(ngx_http_request_t* r, Registry& registry, SessionLease lease,
               const StreamParts& parts, const StreamSettings& settings,
               StreamOptions options, Form form)
    : StreamSession(r, registry, std::move(lease), parts, settings,
                    with_dialect(std::move(options), form)),
      framing_(framing_of(parts, form)), output_(framing_), form_(form)
{}

bool Stream::send_head()
{
    ngx_http_request_t* r = request();
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = -1;
    const std::string_view type = content_type(form_);
    r->headers_out.content_type = {
        type.size(), reinterpret_cast<u_char*>(const_cast<char*>(type.data()))};
    r->headers_out.content_type_len = type.size();
    if (!set_cache_control(r, "no-store") ||
        !add_header(r, "X-Accel-Buffering", "no") ||
        !add_header(r, "X-Content-Type-Options", "nosniff")) {
        return false;
    }
    ngx_http_clear_accept_ranges(r);
    const ngx_int_t rc = ngx_http_send_header(r);
    return rc != NGX_ERROR && rc <= NGX_OK;
}

void Stream::start()
{
    ngx_http_request_t* r = request();
    if (!send_head()) {
        return finish(NGX_ERROR);
    }
    log_if_at_connect();
    if (r->header_only) {
        return finish(NGX_OK);
    }
    if (settings().sign_of_life_ms > 0) {
        start_timer(static_cast<ngx_msec_t>(settings().sign_of_life_ms));
    }
}

// In front of what waits already.
void Stream::say_beginning()
{
    std::string words;
    if (form_ != Form::lines) {
        const uint64_t retry_ms =
            kLeastRetryMs +
            static_cast<uint64_t>(ngx_random()) % (kRetrySpreadMs + 1);
        words += "retry: " + std::to_string(retry_ms) + "\n\n";
    }
    if (protocol().is_reset()) {
        framing_.set_event("reset");
        const FrameRef frame =
            framing_.make(Framing::Kind::text, R"({"op":"reset"})", false);
        words += std::string_view(frame->data(), frame->size());
    }
    output_.begin_with(std::move(words));
}

void Stream::push_event(std::string_view event, std::string_view words,
                        const std::optional<Cursor>& cursor)
{
    framing_.set_event(event);
    if (cursor) {
        framing_.set_cursor(*cursor);
    }
    client().session().push(framing_.make(Framing::Kind::text, words, false));
}

void Stream::push(std::string_view bytes)
{
    client().session().push(FrameRef::make(bytes, 0));
}

// Once all that is older is in the outbox, or was before, that can be told.
void Stream::note_progress()
{
    Session& session = client().session();
    const uint8_t first = first_dialect(form_);
    const Tracks* tracks = session.seat().tracks.get();
    if (session.encoding().dialect != dialect_of(first, Cursors::none) ||
        session.seat().is_catching_up() || !is_open() ||
        (tracks != nullptr && !tracks->none_waits())) {
        return;
    }
    const size_t open = open_frames(session.outbox());
    if (open > 0 || !has_begun_) {
        const auto cursor = client().membership().cursor();
        if (!cursor) {
            return;
        }
        if (open > 0) {
            output_.set_cursor(*cursor);
        } else {
            push_event("cursor", R"({"op":"cursor"})", cursor);
        }
        has_begun_ = true;
    }
    if (tracks == nullptr) {
        session.speak(dialect_of(first, Cursors::complete));
    }
}

void Stream::flush_now()
{
    if (output_.has_begun() &&
        !output_.offer(request(), client().session(), parts().clock)) {
        request()->connection->error = 1;
        go_on_soon();
    }
}

// False: the connection is broken.
bool Stream::write()
{
    Session& session = client().session();
    if (!output_.has_begun()) {
        say_beginning();
    }
    for (;;) {
        note_progress();
        if (!output_.offer(request(), session, parts().clock)) {
            return false;
        }
        if (session.seat().lag != Lag::none && session.has_room()) {
            client().membership().caught_up();
        }
        if (!is_open() || !session.wants_more()) {
            return true;
        }
        const size_t before = session.outbox().bytes();
        client().membership().send_more();
        if (session.outbox().bytes() == before) {
            return true;
        }
    }
}

void Stream::go_on()
{
    if (!write()) {
        return finish(NGX_ERROR);
    }
    if (is_open()) {
        return;
    }
    if (close_code() == kCloseTooSlow && !output_.is_drained()) {
        return finish(NGX_ERROR); // it has had its chance
    }
    if (client().session().outbox().empty() && output_.is_drained()) {
        finish(StreamOutput::end(request()) == NGX_ERROR ? NGX_ERROR : NGX_OK);
    }
}

void Stream::on_time()
{
    if (client().session().outbox().empty()) {
        push(framing_.sign_of_life());
        flush_soon();
    }
    start_timer(static_cast<ngx_msec_t>(settings().sign_of_life_ms));
}

} // namespace ws_pubsub
