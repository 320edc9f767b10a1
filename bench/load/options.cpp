#include "load/options.hpp"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <functional>
#include <map>

#include "shared/fail.hpp"

namespace ws_bench {

namespace {

constexpr const char* kUsage = R"(usage: load --port N [--option value ...]
  --publish-port N        where to publish, without TLS; else at --port
  --servers PID,PID       whose CPU time and memory to read
  --tls 1, --deflate 1    TLS 1.3, permessage-deflate
  --subscribe-path /sub/% --publish-path /pub/%     % is the topic's number
  --subprotocol NAME, --subscribe-command TEXT, --marker TEXT
  --content-type TYPE, --json 1                     of what is published
  --subscribers N, --subscriptions N, --topics N, --size BYTES
  --stalled N             of the subscribers read nothing
  --publishers N          HTTP connections; several need --pace answers
  --window N              messages in flight (closed loop)
  --pace deliveries|answers   what makes room in the window
  --rate N                messages a second (open loop)
  --warmup S, --duration S
  --fill 1                publish once to each topic first
  --idle N                connect N more and read the servers' memory
Prints one JSON object.
)";

template <class Number>
Number parse(std::string_view text)
{
    Number value{};
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        errno = 0;
        fail("not a number: " + std::string(text));
    }
    return value;
}

std::vector<pid_t> parse_pids(std::string_view text)
{
    std::vector<pid_t> pids;
    while (!text.empty()) {
        const size_t comma = std::min(text.find(','), text.size());
        pids.push_back(parse<pid_t>(text.substr(0, comma)));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return pids;
}

using Setters =
    std::map<std::string_view, std::function<void(std::string_view)>>;

Setters setters(Options& o)
{
    const auto number = [](auto& field) {
        return [&field](std::string_view text) {
            field = parse<std::remove_reference_t<decltype(field)>>(text);
        };
    };
    const auto text = [](std::string& field) {
        return [&field](std::string_view value) {
            field = value;
        };
    };
    const auto flag = [](bool& field) {
        return [&field](std::string_view value) {
            field = value != "0";
        };
    };
    return {
        {"--port", number(o.port)},
        {"--publish-port", number(o.publish_port)},
        {"--servers",
         [&o](std::string_view list) {
             o.servers = parse_pids(list);
         }},
        {"--tls", flag(o.tls)},
        {"--deflate", flag(o.deflate)},
        {"--subscribe-path", text(o.subscribe_path)},
        {"--publish-path", text(o.publish_path)},
        {"--subprotocol", text(o.subprotocol)},
        {"--subscribe-command", text(o.subscribe_command)},
        {"--marker", text(o.marker)},
        {"--content-type", text(o.content_type)},
        {"--json", flag(o.json)},
        {"--subscribers", number(o.subscribers)},
        {"--subscriptions", number(o.subscriptions)},
        {"--topics", number(o.topics)},
        {"--size", number(o.size)},
        {"--stalled", number(o.stalled)},
        {"--publishers", number(o.publishers)},
        {"--window", number(o.window)},
        {"--pace",
         [&o](std::string_view name) {
             o.pace = name == "answers" ? Pace::answers : Pace::deliveries;
         }},
        {"--rate", number(o.rate)},
        {"--warmup", number(o.warmup_s)},
        {"--duration", number(o.duration_s)},
        {"--fill", flag(o.fill)},
        {"--idle", number(o.idle)},
    };
}

void check(const Options& o)
{
    errno = 0;
    if (o.port == 0 || o.topics == 0 || o.window == 0 || o.publishers == 0 ||
        o.subscriptions == 0) {
        fail("--port is missing, or something is 0 that can't be");
    }
    if (o.publishers > 1 && o.pace == Pace::deliveries) {
        fail("several --publishers keep no order: they need --pace answers");
    }
    if (o.subscribers == 0 && o.pace == Pace::deliveries && o.rate == 0 &&
        o.idle == 0) {
        fail("without subscribers there are only answers to wait for");
    }
    if (o.subscriptions > 1 && o.subscribers * o.subscriptions != o.topics) {
        fail("with --subscriptions each topic has one subscriber");
    }
}

} // namespace

Options read_options(int argc, char** argv)
{
    Options options;
    const Setters known = setters(options);
    if (argc < 2) {
        std::fputs(kUsage, stderr);
    }
    for (int i = 1; i + 1 < argc; i += 2) {
        const auto setter = known.find(argv[i]);
        errno = 0;
        if (setter == known.end()) {
            fail("no option " + std::string(argv[i]));
        }
        setter->second(argv[i + 1]);
    }
    check(options);
    return options;
}

std::string fill_in(std::string_view pattern, size_t number)
{
    std::string out;
    for (const char c : pattern) {
        if (c == '%') {
            out += std::to_string(number);
        } else {
            out += c;
        }
    }
    return out;
}

} // namespace ws_bench
