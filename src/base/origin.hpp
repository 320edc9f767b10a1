// Where a page comes from (RFC 6454), and which pages may come.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ws_pubsub {

// A scheme, a host and a port, as a browser sends them in `Origin`.
struct Origin {
    std::string scheme; // in small letters, as the host
    std::string host;   // IPv6 addresses in brackets
    std::string port;   // empty: the scheme's own

    // nullopt: it is none. That is so for `null` too, which stands for pages
    // without an origin: those in a sandbox, and files.
    static std::optional<Origin> parse(std::string_view text);

    // Whether a request with that `Host` went to the server that the page is
    // from. The schemes aren't compared: TLS may end before us.
    [[nodiscard]] bool is_of(std::string_view host_header) const;

    bool operator==(const Origin&) const = default;
};

class OriginRules {
public:
    // `same`, `any`, `null`, an origin, or one with `*.` for any labels before
    // the rest of its host. False: it is none of these.
    bool add(std::string_view text);

    // Whether a page of that origin may use what is at that host. An empty
    // `origin` is that of a client that is no browser.
    [[nodiscard]] bool allow(std::string_view origin,
                             std::string_view host_header) const;
    [[nodiscard]] bool allow_any() const { return any_; }

private:
    struct Listed {
        Origin origin;
        bool subdomains = false; // of the host, and not the host itself
    };
    [[nodiscard]] bool lists(const Origin& origin) const;

    bool any_ = false;
    bool same_ = false;
    bool null_ = false;
    std::vector<Listed> listed_;
};

} // namespace ws_pubsub
