#include "ngx/ngx.hpp"

#include "stream/stream_output.hpp"

#include <algorithm>
#include <utility>

namespace ws_pubsub {

size_t open_frames(const Outbox& outbox)
{
    size_t open = 0;
    for (size_t i = 0; i < outbox.frames(); i++) {
        open += outbox[i].is_open() ? 1 : 0;
    }
    return open;
}

// Moves as much as a block has room for. The end of an open frame comes with
// the last of its bytes.
void StreamOutput::fill(Outbox& outbox)
{
    block_ = std::exchange(beginning_, {});
    size_t open = cursor_ ? open_frames(outbox) : 0;
    while (!outbox.empty() && block_.size() < kBlockBytes) {
        const std::string_view front = outbox.front();
        const std::string_view part =
            front.substr(0, kBlockBytes - block_.size());
        block_ += part;
        if (part.size() == front.size() && outbox[0].is_open()) {
            const bool is_last = cursor_ && --open == 0;
            framing_.append_end(block_, is_last ? cursor_ : std::nullopt);
            if (is_last) {
                cursor_.reset();
            }
        }
        outbox.consume(part.size());
    }
}

bool StreamOutput::may_write(const ngx_http_request_t* r)
{
    const ngx_event_t* event = r->connection->write;
    return event->ready != 0 && event->delayed == 0;
}

// For the connection to take more.
bool StreamOutput::wait(ngx_http_request_t* r)
{
    ngx_event_t* event = r->connection->write;
    const auto* core = static_cast<ngx_http_core_loc_conf_t*>(
        ngx_http_get_module_loc_conf(r, ngx_http_core_module));
    if (event->delayed == 0 && !event->timer_set) {
        ngx_add_timer(event, core->send_timeout);
    }
    return ngx_handle_write_event(event, core->send_lowat) == NGX_OK;
}

// False: the connection is broken.
bool StreamOutput::send(ngx_http_request_t* r, ngx_chain_t* chain)
{
    ngx_event_t* event = r->connection->write;
    const u_char* before = buffer_.pos;
    if (ngx_http_output_filter(r, chain) == NGX_ERROR || r->connection->error) {
        return false;
    }
    const bool took = buffer_.pos != before;
    if (event->timer_set && event->delayed == 0 && took) {
        ngx_del_timer(event);
    }
    if (buffer_.pos == buffer_.last) {
        std::string().swap(block_);
    }
    return true;
}

bool StreamOutput::offer(ngx_http_request_t* r, Session& session,
                         const Clock& clock)
{
    Outbox& outbox = session.outbox();
    bool took = false;
    for (;;) {
        if (!block_.empty()) {
            const u_char* before = buffer_.pos;
            if (may_write(r) && !send(r, nullptr)) {
                return false;
            }
            took = took || buffer_.pos != before;
        }
        if (!block_.empty()) {
            outbox.offered(took, clock);
            return wait(r);
        }
        if (outbox.empty() && beginning_.empty()) {
            outbox.offered(true, clock);
            return true;
        }
        fill(outbox);
        buffer_ = {};
        buffer_.start = reinterpret_cast<u_char*>(block_.data());
        buffer_.pos = buffer_.start;
        buffer_.end = buffer_.start + block_.size();
        buffer_.last = buffer_.end;
        buffer_.temporary = 1;
        buffer_.flush = 1;
        ngx_chain_t chain = {&buffer_, nullptr};
        if (!send(r, &chain)) {
            return false;
        }
        took = true;
    }
}

} // namespace ws_pubsub
