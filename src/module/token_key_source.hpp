// The keys of one ws_pubsub_token_key: from the configuration, or from a file
// that is looked at again while nginx runs.
//
// A key's own text is never in a log.
#pragma once

#include "ngx/ngx.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "token/key.hpp"

namespace ws_pubsub {

// The keys of one directive. Each worker has its own copy, from the fork on.
class TokenKeySource {
public:
    // Keys of that algorithm; nullopt: a JWK or JWK Set.
    explicit TokenKeySource(std::optional<Algorithm> algorithm)
        : algorithm_(algorithm)
    {}

    // The directive's second argument. False: the error was logged.
    bool read(ngx_conf_t* cf, const ngx_str_t& value);

    // Where the file has changed, its keys are replaced. They stay if it has no
    // good one, or a secret that is shorter than its digest where that before
    // was not; and if it can't be read, which is tried again each time. The log
    // says so once. Returns whether they were replaced.
    bool look_again(ngx_log_t* log);
    // When that was done last, on nginx's clock.
    [[nodiscard]] ngx_msec_t looked_at_ms() const { return looked_at_ms_; }

    // For a worker that begins: says so if it can't read the file.
    void check_access(ngx_log_t* log) const;

    [[nodiscard]] const std::vector<TokenKey>& keys() const { return keys_; }

private:
    // What tells one version of a file from another.
    struct Version {
        time_t seconds = 0;
        long nanoseconds = 0;
        time_t inode_seconds = 0; // of its owner and mode, too
        long inode_nanoseconds = 0;
        uint64_t inode = 0;
        off_t size = 0;
        bool operator==(const Version&) const = default;
    };

    // Why it was not read when it was looked at last.
    enum class Trouble : uint8_t { none, missing, unreadable };

    [[nodiscard]] static Version version_of(const struct stat& status);
    bool read_again(ngx_log_t* log);
    bool load(ngx_log_t* log, ngx_uint_t level, const struct stat& status,
              std::string_view text);
    bool take(ngx_log_t* log, ngx_uint_t level, std::string_view text);

    std::optional<Algorithm> algorithm_;
    std::string path_; // empty: the keys are in the configuration
    std::vector<TokenKey> keys_;
    Version version_; // of the file, when all of it was read last
    Trouble trouble_ = Trouble::none;
    ngx_msec_t looked_at_ms_ = 0;
};

} // namespace ws_pubsub
