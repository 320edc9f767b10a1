#include "ngx/ngx.hpp"

#include "stream/poll.hpp"

#include <utility>

#include "ngx/headers.hpp"
#include "ngx/response.hpp"

namespace ws_pubsub {

class Poll::Step final : public Work {
public:
    explicit Step(Poll& poll)
        : poll_(poll), page_(poll.protocol().reader(),
                             poll.protocol().wish().selectors, poll.from())
    {}

    bool step(size_t& left) override
    {
        is_done_ = poll_.client().session().stopped() || page_.step(left);
        if (is_done_) {
            poll_.client().effort().resume();
        }
        return is_done_;
    }
    [[nodiscard]] bool is_done() const { return is_done_; }
    [[nodiscard]] PollPage& page() { return page_; }

private:
    Poll& poll_;
    PollPage page_;
    bool is_done_ = false;
};

StreamOptions Poll::with_dialect(StreamOptions options)
{
    options.protocol = "poll";
    options.dialect = dialect_of(kLineDialects, Cursors::none);
    return options;
}

Poll::Poll(ngx_http_request_t* r, Registry& registry, SessionLease lease,
           const StreamParts& parts, const StreamSettings& settings,
           StreamOptions options, ngx_msec_t wait_ms)
    : StreamSession(r, registry, std::move(lease), parts, settings,
                    with_dialect(std::move(options))),
      wait_ms_(wait_ms)
{}

void Poll::give_up()
{
    if (step_ != nullptr) {
        client().effort().cancel(*step_);
        step_.reset();
    }
}

// Without a cursor it has the values, at once; only news have to be waited for.
ReadFrom Poll::from() const
{
    const StreamWish& wish = protocol().wish();
    if (seen_) {
        ReadFrom from;
        from.kind = ReadFrom::Kind::number;
        from.number = seen_->number;
        return from;
    }
    return wish.from;
}

void Poll::start()
{
    if (wait_ms_ > 0) {
        start_timer(wait_ms_);
    }
    look();
}

void Poll::look()
{
    client().session().outbox().clear();
    step_ = std::make_unique<Step>(*this);
    if (client().effort().begin(*step_)) {
        go_on_soon();
    }
}

void Poll::go_on()
{
    if (!is_open()) {
        give_up();
        return answer(seen_ ? PollPage::nothing(*seen_) : std::string());
    }
    if (step_ == nullptr) {
        if (!client().session().outbox().empty()) {
            look();
        }
        return;
    }
    if (!step_->is_done()) {
        return;
    }
    const auto done = std::move(step_);
    PollPage& page = done->page();
    const ReadFrom::Kind kind = protocol().wish().from.kind;
    const bool waits =
        kind == ReadFrom::Kind::number || kind == ReadFrom::Kind::nothing;
    seen_ = page.cursor();
    if (!page.empty() || !waits || wait_ms_ == 0 || is_over_ ||
        protocol().is_reset()) {
        return answer(page.text(protocol().is_reset()));
    }
    if (!client().session().outbox().empty()) {
        look();
    }
}

void Poll::on_time()
{
    is_over_ = true;
    if (step_ == nullptr && seen_) {
        answer(PollPage::nothing(*seen_));
    }
}

// Empty: it has ended before it knew anything.
void Poll::answer(const std::string& text)
{
    ngx_http_request_t* r = request();
    if (text.empty()) {
        return finish(NGX_HTTP_SERVICE_UNAVAILABLE);
    }
    if (!set_cache_control(r, "no-store") ||
        !add_header(r, "X-Accel-Buffering", "no") ||
        !add_header(r, "X-Content-Type-Options", "nosniff")) {
        return finish(NGX_ERROR);
    }
    finish(send_response(r, {NGX_HTTP_OK, {}, "application/json", text}));
}

} // namespace ws_pubsub
