// A connection to the server, plain or TLS, on which bytes go out and come in.
// All connections read into the same memory; one keeps only an incomplete rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "load/loop.hpp"
#include "load/tls.hpp"

namespace ws_bench {

struct Target {
    uint16_t port;
    bool tls;
};

class Stream : public Events {
public:
    explicit Stream(Loop& loop) : loop_(loop) {}
    ~Stream() override;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    // `number`, `receive_bytes`: as of connect_to().
    void connect(const Target& target, size_t number, int receive_bytes);

    // Reads nothing from now on.
    void stall();

    // Sends at once what the socket takes.
    void send(std::string_view bytes);

    [[nodiscard]] bool closed() const { return closed_; }

    // How often any stream read something.
    static uint64_t reads() { return reads_; }

    void on_ready(uint32_t events) override;

protected:
    // Returns how many of the bytes it used; the rest comes again, with more.
    virtual size_t on_bytes(std::string_view bytes) = 0;
    virtual void on_closed() = 0;

private:
    ssize_t read(char* out, size_t bytes);
    ssize_t write(const char* text, size_t bytes);
    void receive();
    void flush();
    void close_now();

    static uint64_t reads_;

    int fd_ = -1;
    bool closed_ = false;
    Loop& loop_;
    std::unique_ptr<Tls> tls_;
    std::string unread_;
    std::string unsent_;
};

} // namespace ws_bench
