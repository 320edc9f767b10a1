// One client of the floor server: a publisher (HTTP, keep-alive) until it asks
// for the upgrade, a subscriber from then on. Nothing that an idle subscriber
// does not need: no buffer, no timer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace ws_bench {

class Hub;

class Connection {
public:
    Connection(int fd, Hub& hub) : fd_(fd), hub_(hub) {}
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Both: false when the connection is over.
    bool on_readable();
    bool on_writable();

    // One send; what does not fit is kept until the socket takes more. A client
    // with more than kMaxBacklogBytes of that gets nothing any more.
    void send(std::string_view bytes);

    // Sends the answers to the requests that this turn brought.
    void send_answers();

private:
    static constexpr size_t kMaxBacklogBytes = 1024UL * 1024;

    // Bytes used of `bytes`.
    size_t take_requests(std::string_view bytes);
    void answer(std::string_view head, std::string_view body);

    int fd_;
    bool upgraded_ = false;
    bool over_ = false;
    Hub& hub_;
    std::unique_ptr<std::string> unread_;  // an incomplete request
    std::unique_ptr<std::string> backlog_; // what the socket did not take
    std::unique_ptr<std::string> answers_;
};

} // namespace ws_bench
