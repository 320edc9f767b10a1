// The dialects of streams, and their framings, for an encoder.
#pragma once

#include "broker/encoder.hpp"
#include "proto/protocol.hpp"
#include "proto/stream_dialect.hpp"

namespace ws_pubsub {

// The encoder refers to the dialects: they stay where they are.
struct StreamDialects {
    explicit StreamDialects(Encoder& encoder)
    {
        uint8_t i = 0;
        for (StreamDialect* dialect : {&none, &complete, &own}) {
            encoder.add(kEventDialects + i++, *dialect);
        }
        i = 0;
        for (StreamDialect* dialect :
             {&lines_none, &lines_complete, &lines_own}) {
            encoder.add(kLineDialects + i++, *dialect);
        }
        encoder.add(kPlainEventDialect, plain);
    }
    StreamDialects(const StreamDialects&) = delete;
    StreamDialects& operator=(const StreamDialects&) = delete;
    ~StreamDialects() = default;

    EventFraming events;
    LineFraming lines;
    StreamDialect none{events, Cursors::none};
    StreamDialect complete{events, Cursors::complete};
    StreamDialect own{events, Cursors::own};
    StreamDialect lines_none{lines, Cursors::none};
    StreamDialect lines_complete{lines, Cursors::complete};
    StreamDialect lines_own{lines, Cursors::own};
    PlainStreamDialect plain{events};
};

// Of the dialects from `first` on.
inline constexpr uint8_t dialect_of(uint8_t first, Cursors cursors)
{
    return static_cast<uint8_t>(first + static_cast<uint8_t>(cursors));
}

} // namespace ws_pubsub
