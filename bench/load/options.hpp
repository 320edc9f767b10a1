// What one run of the generator does; see usage() for the meaning of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace ws_bench {

// What makes room for the next message in the window.
enum class Pace : uint8_t {
    deliveries, // all subscribers have got one
    answers,    // the server has answered one
};

struct Options {
    uint16_t port = 0;
    uint16_t publish_port = 0; // 0: the same; never TLS if it is another
    bool tls = false;
    bool deflate = false;
    std::vector<pid_t> servers;

    std::string subscribe_path = "/sub/%";
    std::string publish_path = "/pub/%";
    std::string subprotocol;
    std::string subscribe_command; // a text frame; '%' is the topic
    std::string marker;            // what precedes the stamp in a frame
    std::string content_type = "text/plain";
    bool json = false; // the payload is JSON instead of text

    size_t subscribers = 0;
    size_t subscriptions = 1; // topics of each subscriber, with a command
    size_t topics = 1;
    size_t size = 64;
    size_t stalled = 0;
    size_t publishers = 1;

    size_t window = 1;
    double rate = 0; // messages a second; 0: by the window
    Pace pace = Pace::deliveries;
    double warmup_s = 0.5;
    double duration_s = 2;
    bool fill = false; // publish once to each topic before
    size_t idle = 0;   // connect so many more, and measure their memory
};

// Ends the program when they are wrong.
Options read_options(int argc, char** argv);

// `pattern` with each '%' replaced by the number.
std::string fill_in(std::string_view pattern, size_t number);

} // namespace ws_bench
