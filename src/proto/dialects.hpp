// The dialects that there are, in an encoder that knows them, for connections
// of one framing.
#pragma once

#include "broker/encoder.hpp"
#include "proto/json_dialect.hpp"
#include "proto/plain_dialect.hpp"
#include "proto/protocol.hpp"

namespace ws_pubsub {

// The encoder refers to the dialects: it stays where it is.
struct Dialects {
    explicit Dialects(Framing& framing) : json(framing), plain(framing)
    {
        encoder.add(kJsonDialect, json);
        encoder.add(kPlainDialect, plain);
    }
    Dialects(const Dialects&) = delete;
    Dialects& operator=(const Dialects&) = delete;
    ~Dialects() = default;

    JsonDialect json;
    PlainDialect plain;
    Encoder encoder;
};

} // namespace ws_pubsub
