// What the locations of the module for tests have in common (redis_probe.cpp).
#pragma once

#include "ngx/ngx.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "redis/server.hpp"

namespace ws_pubsub::probe {

// What a location does: made with the configuration, begun in each worker.
class Probe {
public:
    Probe() = default;
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    virtual ~Probe() = default;

    virtual void start() = 0;
    virtual void stop() = 0;
    virtual ngx_int_t handle(ngx_http_request_t* r) = 0;

    std::vector<redis::Server> servers;
    std::string zone; // its name
};

// The arguments of a request, decoded, in order.
using Arguments = std::vector<std::pair<std::string, std::string>>;
Arguments read_arguments(std::string_view text);
uint64_t number_of(std::string_view text);

ngx_int_t answer(ngx_http_request_t* r, std::string_view text);

// A request that is answered later.
class Waiting {
public:
    explicit Waiting(ngx_http_request_t* r) : r_(r) {}
    // What a handler returns.
    ngx_int_t wait();
    // Once. Not from within the handler.
    void end(std::string_view text);

private:
    ngx_http_request_t* r_;
};

// No request is answered any more.
void note_end();

} // namespace ws_pubsub::probe
