// What requests of control ask for: their paths, arguments and bodies.
#pragma once

#include "ngx/ngx.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "client/control_order.hpp"

namespace ws_pubsub {

inline constexpr size_t kMaxControlBody = 16UL * 1024;

struct ControlPath {
    enum class Kind : uint8_t {
        none,
        sessions,
        session,
        subscriptions, // of a session
        unsubscribe,   // of a session, or of all
        revocations,
    };
    Kind kind = Kind::none;
    std::optional<uint64_t> id;

    [[nodiscard]] bool allows(ngx_uint_t method) const;
    [[nodiscard]] std::string_view allowed() const; // for the header
};

// Of what follows the location's prefix.
[[nodiscard]] ControlPath control_path(std::string_view path);

struct ControlRequest {
    ControlOrder order;
    // How many entries at most, of all workers.
    size_t limit = 0;
};

// Each fills in what is asked for; the id is there. nullopt: it is good.
std::optional<Error> read_list(ngx_http_request_t* r, const ControlPath& path,
                               ControlRequest& request);
std::optional<Error> read_close(ngx_http_request_t* r, ControlRequest& request);
std::optional<Error> read_unsubscribe(std::string_view body,
                                      ControlRequest& request);

} // namespace ws_pubsub
