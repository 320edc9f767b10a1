// One WebSocket client: upgrades, subscribes, and reads what comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "load/deliveries.hpp"
#include "load/inflater.hpp"
#include "load/options.hpp"
#include "load/stream.hpp"
#include "shared/frame.hpp"

namespace ws_bench {

// What all subscribers share.
struct Audience {
    const Options& options;
    Deliveries& deliveries;
    Inflater inflater{};
    size_t ready = 0;     // are subscribed
    size_t closed = 0;    // by the server
    uint64_t strange = 0; // messages without a stamp
    size_t stamp_at = 0;  // where the last message had it
};

class Subscriber : public Stream {
public:
    Subscriber(Loop& loop, Audience& audience, size_t number)
        : Stream(loop), audience_(audience), number_(number)
    {}

    void start(const Target& target, int receive_bytes);

protected:
    size_t on_bytes(std::string_view bytes) override;
    void on_closed() override;

private:
    enum class State : uint8_t { upgrading, subscribing, live };

    // Bytes used, 0 if there is no whole answer yet.
    size_t take_answer(std::string_view bytes);
    size_t take_frames(std::string_view bytes);
    void take_frame(const FrameHeader& header, std::string_view payload);
    void take_reply(std::string_view reply);
    void take_message(std::string_view message);
    void subscribe();

    Audience& audience_;
    size_t number_;
    State state_ = State::upgrading;
    uint32_t replies_ = 0;
};

} // namespace ws_bench
