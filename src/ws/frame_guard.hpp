// What a client sends, checked before libwebsockets sees it.
//
// The guard walks over the bytes of a client's frames, each byte once, and
// holds every frame header to RFC 6455 section 5 (and RFC 7692 section 6 for
// the RSV1 bit). It sorts what it sees:
//
//   data frames     passed on as they are, still masked and compressed. Their
//                   content is the business of libwebsockets, which unmasks,
//                   reassembles, inflates and checks the UTF-8 of text
//   control frames  swallowed: collected whole, unmasked and handed out, so
//                   that each ping is answered and each Close understood
//   anything else   a violation, with the code to close with
//
// A header is withheld until it is known to be good. Where it arrives in one
// piece it is passed on in place, together with the payload behind it; where
// it is split it is passed on from the guard's own buffer. Payload is never
// copied or looked at.
//
// A message's size is judged by its frames' headers, before its payload
// arrives; of a compressed one only the compressed size is known here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/limits.hpp"

namespace ws_pubsub {

struct GuardLimits {
    size_t max_message = kDefaultMaxMessageBytes; // all fragments together
    bool deflate = false; // permessage-deflate was negotiated
};

// Invariants: payload_left_ > 0 only while have_ == 0. control_ is not empty
// only within a control frame, and until the call after the one that told it.
class FrameGuard {
public:
    enum class Kind : uint8_t {
        need_more, // the input is exhausted
        data,      // `bytes` are to be passed on, before the next call
        ping,      // `bytes` is the payload
        pong,      // `bytes` is the payload
        close,     // `code` (1005: the client gave none) and `reason`
        violation, // close with `code` (1002, 1007, 1009), for a `reason`
    };

    // The views point into the input or the guard: they are valid until the
    // next call. A violation's reason is a literal.
    struct Event {
        Kind kind = Kind::need_more;
        std::string_view bytes;
        uint16_t code = 0;
        std::string_view reason;
    };

    explicit FrameGuard(const GuardLimits& limits);

    // Takes the next event off the front of `input`: call it until it says
    // need_more. The pieces of a data frame may come as any number of events,
    // none of which spans two frames. A violation comes before any byte of
    // the header that is to blame. After a Close or a violation all input is
    // dropped (RFC 6455 sections 5.5.1 and 7.1.7).
    Event next(std::string_view& input);

private:
    enum class Message : uint8_t { none, plain, compressed };

    struct Fault {
        uint16_t code = 0; // 0: none
        std::string_view reason;
    };

    [[nodiscard]] uint8_t byte(size_t i) const
    {
        return static_cast<uint8_t>(header_[i]);
    }
    [[nodiscard]] bool is_control() const;
    [[nodiscard]] bool is_compressed() const;
    [[nodiscard]] size_t header_size() const;
    [[nodiscard]] uint64_t payload_size() const;
    [[nodiscard]] uint64_t message_limit() const;

    [[nodiscard]] Fault check_header() const;
    [[nodiscard]] Fault check_first_byte() const;
    [[nodiscard]] Fault check_second_byte() const;
    [[nodiscard]] Fault check_length() const;

    Event refuse(const Fault& fault);
    Event pass_payload(std::string_view& input);
    Event start_data(std::string_view from_header, std::string_view& input);
    Event collect_control(std::string_view& input);
    Event finish_control();
    Event finish_close(std::string_view payload);

    uint64_t payload_left_ = 0;   // of the current data frame, not yet passed
    uint64_t message_bytes_ = 0;  // of the current message, all frames so far
    uint64_t max_message_;        // GuardLimits::max_message
    std::string control_;         // the payload of a control frame
    std::array<char, 14> header_; // the current one, as far as it has come
    uint8_t have_ = 0;            // how much of header_ is filled
    Message message_ = Message::none; // the message that is not final yet
    bool deflate_;                    // GuardLimits::deflate
    bool ended_ = false;              // a Close or a violation was told
};

// One per session.
static_assert(sizeof(FrameGuard) <= 80);

} // namespace ws_pubsub
