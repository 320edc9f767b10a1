// The sessions of a worker that have something to write, all written in one
// go when what else this turn of the event loop brought has been handled.
#pragma once

#include "ngx/ngx.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ws_pubsub {

class Connection;

class FlushList {
public:
    FlushList();
    ~FlushList();
    FlushList(const FlushList&) = delete;
    FlushList& operator=(const FlushList&) = delete;

    static constexpr uint32_t kNone = UINT32_MAX;
    // Returns its place, by which it is removed again; kNone: there is no
    // memory. REQUIRES: it is not in.
    uint32_t add(Connection& connection) noexcept;
    void remove(const Connection& connection, uint32_t place);
    // Gives back the memory of a time with more sessions.
    void shrink()
    {
        waiting_.shrink_to_fit();
        writing_.shrink_to_fit();
    }

private:
    static void on_posted(ngx_event_t* event);
    void run();
    void send_simple(size_t first, size_t last);
    void prefetch_from(size_t place) const;

    std::vector<Connection*> waiting_;
    std::vector<Connection*> writing_; // during run(); nullptr: was removed
    ngx_event_t event_{};
};

} // namespace ws_pubsub
