// The client's offers of extensions, and our answer: permessage-deflate or
// none (RFC 6455 section 9.1, RFC 7692 section 7).
//
// The server compresses with a window of 15 bits and starts each message
// afresh, and has the client do so too. Then a frame can be compressed once
// and sent to all subscribers, and a session keeps no compression state. An
// offer that asks for less than that window can't be met; the next one of the
// same header may be.
#pragma once

#include <string>
#include <string_view>

namespace ws_pubsub {

struct DeflateAnswer {
    bool accepted = false;
    bool malformed = false; // the header's syntax is wrong: answer 400
    std::string header;     // for the response when accepted, else empty
};

// Takes the value of Sec-WebSocket-Extensions; where the request has several
// such lines, their values in order, joined by ", ". Takes the first offer of
// permessage-deflate that can be met. Names are compared as they are written;
// other extensions are passed over. The syntax of all offers is checked.
[[nodiscard]] DeflateAnswer answer_deflate_offer(std::string_view extensions);

} // namespace ws_pubsub
