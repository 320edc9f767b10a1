// Header bytes are taken one at a time and each rule is checked at the first
// byte that decides it, so that how the input is cut changes nothing.
#include "ws/frame_guard.hpp"

#include <algorithm>
#include <limits>

#include "base/close_code.hpp"
#include "base/utf8.hpp"
#include "wire/ws_frame.hpp"

namespace ws_pubsub {
namespace {

constexpr size_t kMaskBytes = 4;

// Codes that an endpoint may put into a Close frame: those that RFC 6455
// section 7.4.1 and the IANA registry define for the wire, and the ranges for
// libraries and applications (section 7.4.2).
bool is_wire_code(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

} // namespace

// So large a maximum that adding to it can't overflow is none.
FrameGuard::FrameGuard(const GuardLimits& limits)
    : max_message_(std::min<uint64_t>(limits.max_message,
                                      std::numeric_limits<int64_t>::max() / 2)),
      header_{}, deflate_(limits.deflate)
{}

FrameGuard::Event FrameGuard::next(std::string_view& input)
{
    if (ended_) {
        input.remove_prefix(input.size());
        return {};
    }
    if (payload_left_ > 0) {
        return pass_payload(input);
    }
    const bool is_new = have_ == 0;
    if (is_new && !control_.empty()) {
        std::string().swap(control_); // an idle session keeps no memory for it
    }
    const std::string_view from_header = input;
    while (have_ < header_size()) {
        if (input.empty()) {
            return {};
        }
        header_[have_++] = input.front();
        input.remove_prefix(1);
        if (const Fault fault = check_header(); fault.code != 0) {
            return refuse(fault);
        }
    }
    if (is_control()) {
        return collect_control(input);
    }
    return start_data(is_new ? from_header : std::string_view(), input);
}

bool FrameGuard::is_control() const
{
    return (byte(0) & kFrameControl) != 0;
}

// Whether the current data frame's message is: its first frame says so.
bool FrameGuard::is_compressed() const
{
    return (byte(0) & kFrameRsv1) != 0 || message_ == Message::compressed;
}

// With the masking key; as far as is known yet.
size_t FrameGuard::header_size() const
{
    if (have_ < 2) {
        return 2;
    }
    switch (byte(1) & kFrameLength) {
    case kFrameLength16:
        return 2 + 2 + kMaskBytes;
    case kFrameLength64:
        return 2 + 8 + kMaskBytes;
    default:
        return 2 + kMaskBytes;
    }
}

// REQUIRES: the header is there up to the masking key.
uint64_t FrameGuard::payload_size() const
{
    const size_t end = header_size() - kMaskBytes;
    if (end == 2) {
        return byte(1) & kFrameLength;
    }
    uint64_t size = 0;
    for (size_t i = 2; i < end; ++i) {
        size = size << 8 | byte(i);
    }
    return size;
}

// Deflate can make a message that does not compress a little larger.
uint64_t FrameGuard::message_limit() const
{
    return is_compressed() ? max_message_ + max_message_ / 1000 + 64
                           : max_message_;
}

// Checks what the newest header byte decides.
FrameGuard::Fault FrameGuard::check_header() const
{
    Fault fault;
    if (have_ == 1) {
        fault = check_first_byte();
    } else if (have_ == 2) {
        fault = check_second_byte();
    }
    if (fault.code == 0 && have_ > 1 && have_ + kMaskBytes == header_size()) {
        fault = check_length();
    }
    return fault;
}

FrameGuard::Fault FrameGuard::check_first_byte() const
{
    if ((byte(0) & (kFrameRsv2 | kFrameRsv3)) != 0) {
        return {kCloseProtocolError, "reserved bits set"};
    }
    const bool rsv1 = (byte(0) & kFrameRsv1) != 0;
    if (rsv1 && !deflate_) {
        return {kCloseProtocolError, "compression not negotiated"};
    }
    switch (static_cast<Opcode>(byte(0) & kFrameOpcode)) {
    case Opcode::continuation:
        if (message_ == Message::none) {
            return {kCloseProtocolError, "continuation of no message"};
        }
        if (rsv1) {
            return {kCloseProtocolError, "RSV1 on a continuation frame"};
        }
        return {};
    case Opcode::text:
    case Opcode::binary:
        if (message_ != Message::none) {
            return {kCloseProtocolError, "message inside a fragmented one"};
        }
        return {};
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong:
        if (rsv1) {
            return {kCloseProtocolError, "RSV1 on a control frame"};
        }
        if ((byte(0) & kFrameFin) == 0) {
            return {kCloseProtocolError, "fragmented control frame"};
        }
        return {};
    default:
        return {kCloseProtocolError, "reserved opcode"};
    }
}

FrameGuard::Fault FrameGuard::check_second_byte() const
{
    if ((byte(1) & kFrameMask) == 0) {
        return {kCloseProtocolError, "unmasked frame"};
    }
    const size_t length = byte(1) & kFrameLength;
    if (is_control() && length > kMaxControlPayload) {
        return {kCloseProtocolError, "control frame too long"};
    }
    if (is_control() && length == 1 &&
        static_cast<Opcode>(byte(0) & kFrameOpcode) == Opcode::close) {
        return {kCloseProtocolError, "close code cut short"};
    }
    return {};
}

FrameGuard::Fault FrameGuard::check_length() const
{
    if (is_control()) {
        return {};
    }
    const uint64_t length = payload_size();
    const uint8_t form = byte(1) & kFrameLength;
    if ((form == kFrameLength16 && length < kFrameLength16) ||
        (form == kFrameLength64 && length <= UINT16_MAX)) {
        return {kCloseProtocolError, "length not in its shortest form"};
    }
    if (length > std::numeric_limits<int64_t>::max()) {
        return {kCloseProtocolError, "length out of range"};
    }
    // Both terms are below 2^63.
    if (message_bytes_ + length > message_limit()) {
        return {kCloseTooBig, "message too big"};
    }
    return {};
}

FrameGuard::Event FrameGuard::refuse(const Fault& fault)
{
    ended_ = true;
    return {Kind::violation, {}, fault.code, fault.reason};
}

FrameGuard::Event FrameGuard::pass_payload(std::string_view& input)
{
    const std::string_view part = input.substr(0, payload_left_);
    if (part.empty()) {
        return {};
    }
    input.remove_prefix(part.size());
    payload_left_ -= part.size();
    return {Kind::data, part, 0, {}};
}

// The header of a data frame is complete. `from_header` is the input from
// where that header begins, or empty where it began in an earlier one.
FrameGuard::Event FrameGuard::start_data(std::string_view from_header,
                                         std::string_view& input)
{
    const size_t header = header_size();
    payload_left_ = payload_size();
    if ((byte(0) & kFrameFin) != 0) {
        message_ = Message::none;
        message_bytes_ = 0;
    } else {
        message_ = is_compressed() ? Message::compressed : Message::plain;
        message_bytes_ += payload_left_;
    }
    have_ = 0;
    if (from_header.empty()) {
        return {Kind::data, {header_.data(), header}, 0, {}};
    }
    const size_t payload = pass_payload(input).bytes.size();
    return {Kind::data, from_header.substr(0, header + payload), 0, {}};
}

FrameGuard::Event FrameGuard::collect_control(std::string_view& input)
{
    const size_t size = payload_size();
    const std::string_view part = input.substr(0, size - control_.size());
    control_.append(part);
    input.remove_prefix(part.size());
    return control_.size() < size ? Event() : finish_control();
}

FrameGuard::Event FrameGuard::finish_control()
{
    const char* mask = header_.data() + 2;
    for (size_t i = 0; i < control_.size(); ++i) {
        control_[i] = static_cast<char>(control_[i] ^ mask[i % kMaskBytes]);
    }
    have_ = 0;
    switch (static_cast<Opcode>(byte(0) & kFrameOpcode)) {
    case Opcode::ping:
        return {Kind::ping, control_, 0, {}};
    case Opcode::pong:
        return {Kind::pong, control_, 0, {}};
    default:
        return finish_close(control_);
    }
}

// RFC 6455 section 5.5.1: nothing, or a code and a reason in UTF-8.
FrameGuard::Event FrameGuard::finish_close(std::string_view payload)
{
    ended_ = true;
    if (payload.empty()) {
        return {Kind::close, {}, kCloseNoStatus, {}};
    }
    const auto code =
        static_cast<uint16_t>(static_cast<uint8_t>(payload[0]) << 8 |
                              static_cast<uint8_t>(payload[1]));
    if (!is_wire_code(code)) {
        return refuse({kCloseProtocolError, "close code not allowed"});
    }
    const std::string_view reason = payload.substr(2);
    if (!is_utf8(reason)) {
        return refuse({kCloseBadPayload, "close reason is not UTF-8"});
    }
    return {Kind::close, {}, code, reason};
}

} // namespace ws_pubsub
