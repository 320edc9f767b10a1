#include "load/subscriber.hpp"

#include <cerrno>
#include <string>

#include "shared/clock.hpp"
#include "shared/fail.hpp"
#include "shared/http.hpp"

namespace ws_bench {

namespace {

// fail() for what is no error of the system.
[[noreturn]] void refuse(std::string_view what, std::string_view text)
{
    errno = 0;
    fail(std::string(what) + ": " + std::string(text.substr(0, 400)));
}

} // namespace

void Subscriber::start(const Target& target, int receive_bytes)
{
    connect(target, number_, receive_bytes);
    const Options& options = audience_.options;
    std::string request = "GET ";
    request += fill_in(options.subscribe_path, number_ % options.topics);
    request += " HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
               "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    if (!options.subprotocol.empty()) {
        request += "Sec-WebSocket-Protocol: " + options.subprotocol + "\r\n";
    }
    if (options.deflate) {
        request += "Sec-WebSocket-Extensions: permessage-deflate; "
                   "server_no_context_takeover; client_no_context_takeover\r\n";
    }
    send(request + "\r\n");
}

size_t Subscriber::on_bytes(std::string_view bytes)
{
    size_t used = 0;
    if (state_ == State::upgrading) {
        used = take_answer(bytes);
        if (used == 0) {
            return 0;
        }
    }
    if (audience_.deliveries.wants_time()) {
        audience_.deliveries.read_at(now_ns());
    }
    return used + take_frames(bytes.substr(used));
}

size_t Subscriber::take_answer(std::string_view bytes)
{
    const auto head = http_head(bytes);
    if (!head) {
        return 0;
    }
    if (!head->starts_with("HTTP/1.1 101 ")) {
        refuse("the upgrade was refused", *head);
    }
    const std::string_view extensions =
        http_header(*head, "sec-websocket-extensions");
    if (audience_.options.deflate &&
        extensions.find("server_no_context_takeover") ==
            std::string_view::npos) {
        refuse("no permessage-deflate without context", *head);
    }
    subscribe();
    return head->size();
}

void Subscriber::subscribe()
{
    const Options& options = audience_.options;
    if (options.subscribe_command.empty()) {
        state_ = State::live;
        audience_.ready++;
        return;
    }
    state_ = State::subscribing;
    const size_t count = options.subscriptions;
    std::string commands;
    for (size_t i = 0; i < count; i++) {
        commands += i > 0 ? "\n" : "";
        commands += fill_in(options.subscribe_command,
                            (number_ * count + i) % options.topics);
    }
    std::string frame;
    append_client_frame(frame, Opcode::text, commands);
    send(frame);
}

size_t Subscriber::take_frames(std::string_view bytes)
{
    size_t used = 0;
    while (const auto header = read_frame_header(bytes.substr(used))) {
        const size_t whole = header->head + header->length;
        if (bytes.size() - used < whole) {
            break;
        }
        take_frame(*header, bytes.substr(used + header->head, header->length));
        used += whole;
    }
    return used;
}

void Subscriber::take_frame(const FrameHeader& header, std::string_view payload)
{
    if (header.opcode == Opcode::ping) {
        std::string pong;
        append_client_frame(pong, Opcode::pong, payload);
        send(pong);
        return;
    }
    if (header.opcode != Opcode::text && header.opcode != Opcode::binary) {
        return;
    }
    const std::string_view message =
        header.compressed ? audience_.inflater.inflate(payload) : payload;
    if (state_ == State::live) {
        take_message(message);
    } else {
        take_reply(message);
    }
}

void Subscriber::take_reply(std::string_view reply)
{
    if (reply.find("\"error\"") != std::string_view::npos) {
        refuse("the subscription was refused", reply);
    }
    if (reply.find("\"ok\"") != std::string_view::npos &&
        ++replies_ == audience_.options.subscriptions) {
        state_ = State::live;
        audience_.ready++;
    }
}

void Subscriber::take_message(std::string_view message)
{
    // Behind the marker, which is mostly where it was the last time.
    const std::string_view marker = audience_.options.marker;
    size_t& at = audience_.stamp_at;
    if (!marker.empty() &&
        (at > message.size() || !message.substr(0, at).ends_with(marker))) {
        const size_t found = message.find(marker);
        at = found == std::string_view::npos ? 0 : found + marker.size();
    }
    if (message.size() >= at + kStampBytes) {
        if (const auto stamp = read_stamp(message.data() + at)) {
            audience_.deliveries.took(number_, *stamp);
            return;
        }
    }
    audience_.strange++;
}

void Subscriber::on_closed()
{
    if (state_ != State::live) {
        refuse("the server closed a connection before it was subscribed", "");
    }
    audience_.closed++;
}

} // namespace ws_bench
