// What one peer may do with the topics of a zone.
//
// Reads and writes of peers go through here, whatever they speak: what is not
// allowed is not done, and the log says why.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "broker/publisher.hpp"
#include "broker/reader.hpp"
#include "client/permissions.hpp"
#include "client/publish.hpp"

namespace ws_pubsub {

// Where denials are told.
struct DenialLog {
    void (*write)(void* to, const Denial& denial);
    void* to;
};

// All that it refers to outlives it: it is made for a call, or for a request.
class Access {
public:
    struct Peer {
        const Permissions* permissions; // null: nothing is forbidden
        KeyOwner owner;                 // and its identity
        size_t max_message;
        std::string_view user;    // of its token; empty: nobody's
        std::string_view session; // its id, where that is told to anybody
    };

    Access(const Publisher& publisher, const Clock& clock, const Peer& peer,
           DenialLog log)
        : publisher_(publisher), clock_(clock), peer_(peer), log_(log)
    {}

    // `what` is the word for it in the log.
    [[nodiscard]] bool may_read(const Selector& wanted,
                                std::string_view what = "read") const;
    [[nodiscard]] bool may_publish(std::string_view topic) const;
    [[nodiscard]] bool may_remove(std::string_view topic) const;
    [[nodiscard]] bool may_remove(const Selector& wanted) const;

    // What reads those topics. Errors: denied; unavailable.
    [[nodiscard]] Result<Reader> reader(const Selector& wanted,
                                        std::string_view what = "read") const;
    // Errors: denied; limit, the message is too big; as publish_patch() and
    // Topics::publish().
    [[nodiscard]] Outcome publish(const PublishRequest& request) const;
    // As Publisher::remove(). Errors: also denied.
    [[nodiscard]] Outcome remove(std::string_view topic,
                                 const Condition& condition = {}) const;

private:
    [[nodiscard]] bool allow(bool may, std::string_view what,
                             std::string_view wanted,
                             const Allowed& allowed) const;

    const Publisher& publisher_;
    const Clock& clock_;
    Peer peer_;
    DenialLog log_;
};

} // namespace ws_pubsub
