#include "ws/lws_session.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <poll.h>

namespace ws_pubsub {

namespace {

// What takes more steps of inflating than this makes no progress.
constexpr int kMaxDrainSteps = 100000;

// libwebsockets sees no more of the client's request than this: nginx has
// checked all of it, and the answer must not depend on the rest.
std::string request_head(std::string_view key, bool deflate)
{
    std::string head = "GET / HTTP/1.1\r\n"
                       "Host: localhost\r\n"
                       "Upgrade: websocket\r\n"
                       "Connection: Upgrade\r\n"
                       "Sec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: ";
    head += key;
    head += "\r\n";
    if (deflate) {
        head += "Sec-WebSocket-Extensions: permessage-deflate; "
                "server_no_context_takeover; client_no_context_takeover\r\n";
    }
    head += "\r\n";
    return head;
}

} // namespace

// Without a close reason libwebsockets lets go at once and in silence.
void LwsSession::kill()
{
    for (int i = 0; i < 2 && wsi_ != nullptr; i++) {
        lws_set_timeout(wsi_, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
    }
}

LwsSession::~LwsSession()
{
    kill();
    if (descriptor_ != 0) {
        engine_.give_back(descriptor_);
    }
}

std::string LwsSession::open(std::string_view key)
{
    descriptor_ = engine_.take_descriptor(*this);
    if (descriptor_ == 0) {
        return {};
    }
    lws_adopt_desc_t description;
    std::memset(&description, 0, sizeof(description));
    description.vh = engine_.vhost_;
    description.type =
        static_cast<lws_adoption_type>(LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP);
    description.fd.sockfd = descriptor_;
    description.opaque = this;
    wsi_ = lws_adopt_descriptor_vhost_via_info(&description);

    const std::string head = request_head(key, deflate_);
    input_ = head;
    while (wsi_ != nullptr && !input_.empty()) {
        service();
    }
    input_ = {};
    if (wsi_ == nullptr || !established_ || !set_inflate_step()) {
        return {};
    }
    std::string answer;
    answer.swap(answer_);
    return answer;
}

bool LwsSession::set_inflate_step()
{
    static_assert(kInflateStepBytes == 1 << 12);
    return !deflate_ || lws_set_extension_option(wsi_, "permessage-deflate",
                                                 "rx_buf_size", "12") == 0;
}

bool LwsSession::feed(std::string_view bytes, MessageSink& sink)
{
    sink_ = &sink;
    amid_message_ = true;
    input_ = bytes;
    engine_.fed_ = true;
    while (wsi_ != nullptr && !input_.empty()) {
        service();
    }
    engine_.fed_ = false;
    input_ = {};
    sink_ = nullptr;
    return wsi_ != nullptr && !refused_;
}

void LwsSession::service()
{
    lws_pollfd poll;
    poll.fd = descriptor_;
    poll.events = static_cast<short>(events_ | POLLIN);
    poll.revents = POLLIN;
    lws_service_fd(engine_.context_, &poll);
    // What inflating has left lies in a buffer that all sessions share: take
    // it out before another session's turn.
    for (int i = 0; wsi_ != nullptr &&
                    lws_service_adjust_timeout(engine_.context_, 1, 0) == 0;
         i++) {
        if (i == kMaxDrainSteps) {
            return kill();
        }
        poll.revents = POLLIN;
        lws_service_fd(engine_.context_, &poll);
    }
}

long LwsSession::receive(void* buffer, size_t size)
{
    if (input_.empty()) {
        errno = EAGAIN;
        return -1;
    }
    const size_t given = std::min(size, input_.size());
    std::memcpy(buffer, input_.data(), given);
    input_.remove_prefix(given);
    return static_cast<long>(given);
}

void LwsSession::send(std::string_view bytes)
{
    // Once established, all that libwebsockets would say is said better
    // elsewhere.
    if (!established_) {
        answer_.append(bytes);
    }
}

void LwsSession::set_events(bool wanted, short events)
{
    events_ = static_cast<short>(wanted ? events_ | events : events_ & ~events);
}

bool LwsSession::on_receive(std::string_view bytes)
{
    const bool final = lws_is_final_fragment(wsi_) != 0;
    amid_message_ = !final;
    if (refused_) {
        return false;
    }
    refused_ = true; // also if the sink throws
    refused_ = sink_ == nullptr ||
               !sink_->on_piece({bytes, lws_frame_is_binary(wsi_) != 0, final});
    return !refused_;
}

} // namespace ws_pubsub
