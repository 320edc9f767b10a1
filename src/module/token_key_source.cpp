#include "ngx/ngx.hpp"

#include "module/token_key_source.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/limits.hpp"
#include "ngx/text.hpp"
#include "token/jwk.hpp"
#include "token/pem.hpp"

namespace ws_pubsub {

namespace {

constexpr std::string_view kData = "data:";

// In the directive itself, not in a file.
bool is_data(const ngx_str_t& value)
{
    return view(value).starts_with(kData);
}

// Whether what is no file's name may be a key that lacks its `data:`: a
// secret, a JWK, or one in PEM. Slashes within it tell nothing, as base64 has
// them.
bool may_be_key(const ngx_str_t& value)
{
    return !view(value).starts_with('/');
}

// A file of keys. Its text is wiped at the end.
class File {
public:
    explicit File(const char* path)
        : fd_(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC))
    {}
    ~File()
    {
        explicit_bzero(text_.data(), text_.size());
        if (fd_ != -1) {
            close(fd_);
        }
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    // To be called once, at once. False: errno says why, and is 0 if it is no
    // regular file.
    [[nodiscard]] bool read_all()
    {
        if (fd_ == -1 || fstat(fd_, &status_) != 0) {
            return false;
        }
        if (!S_ISREG(status_.st_mode)) {
            errno = 0;
            return false;
        }
        std::array<char, 4096> buffer{};
        for (;;) {
            const ssize_t got = read(fd_, buffer.data(), buffer.size());
            if (got <= 0) {
                explicit_bzero(buffer.data(), buffer.size());
                return got == 0;
            }
            text_.append(buffer.data(), static_cast<size_t>(got));
            if (text_.size() > kMaxKeyFileBytes) {
                errno = EFBIG;
                return false;
            }
        }
    }
    // What was read, and of what the file was like before that.
    [[nodiscard]] std::string_view text() const { return text_; }
    [[nodiscard]] const struct stat& status() const { return status_; }

private:
    int fd_;
    struct stat status_ = {};
    std::string text_;
};

bool has_secret(const std::vector<TokenKey>& keys)
{
    return std::any_of(keys.begin(), keys.end(), [](const TokenKey& key) {
        return kind_of(key.algorithm()) == KeyKind::secret;
    });
}

bool has_short_secret(const std::vector<TokenKey>& keys)
{
    return std::any_of(keys.begin(), keys.end(),
                       [](const TokenKey& key) { return key.is_short(); });
}

} // namespace

bool TokenKeySource::read(ngx_conf_t* cf, const ngx_str_t& value)
{
    looked_at_ms_ = ngx_current_msec;
    if (is_data(value)) {
        return take(cf->log, NGX_LOG_EMERG, view(value).substr(kData.size()));
    }
    ngx_str_t path = value;
    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return false;
    }
    path_ = view(path);
    File file(path_.c_str());
    if (file.read_all()) {
        return load(cf->log, NGX_LOG_EMERG, file.status(), file.text());
    }
    if (may_be_key(value)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "ws_pubsub: the key file can't be read; its name is "
                           "not shown, as it may be the key itself, which is "
                           "written with \"data:\" before it");
    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "ws_pubsub: the key file \"%s\" can't be read",
                           path_.c_str());
    }
    return false;
}

TokenKeySource::Version TokenKeySource::version_of(const struct stat& status)
{
    return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
            status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
            status.st_ino,         status.st_size};
}

// The file's text is known from here on, whether its keys are good or not.
// Without memory for them it is not, and will be read again.
bool TokenKeySource::load(ngx_log_t* log, ngx_uint_t level,
                          const struct stat& status, std::string_view text)
{
    const bool taken = take(log, level, text);
    version_ = version_of(status);
    if (taken && has_secret(keys_) && (status.st_mode & S_IROTH) != 0) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "ws_pubsub: the secret in \"%s\" can be read by "
                      "everybody on this machine",
                      path_.c_str());
    }
    return taken;
}

// The keys of a text; those that there are stay if it has none. A key that is
// refused beside good ones is a warning.
bool TokenKeySource::take(ngx_log_t* log, ngx_uint_t level,
                          std::string_view text)
{
    TokenKeyList list =
        algorithm_ ? read_keys(*algorithm_, text) : read_jwks(text);
    // The beginning of a secret that is being written would be a good one.
    if (algorithm_ && !keys_.empty() && !has_short_secret(keys_) &&
        has_short_secret(list.keys)) {
        list.keys.clear();
        list.refused.emplace_back("the secret is shorter than its digest, and "
                                  "the one before it was not");
    }
    const bool good = !list.keys.empty();
    const char* name = path_.empty() ? "data:" : path_.c_str();
    const ngx_uint_t refusal_level = good ? NGX_LOG_WARN : level;
    for (const std::string& why : list.refused) {
        ngx_log_error(refusal_level, log, 0,
                      "ws_pubsub: no key for tokens in \"%s\": %s", name,
                      why.c_str());
    }
    if (!good) {
        return false;
    }
    keys_ = std::move(list.keys);
    if (has_short_secret(keys_)) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "ws_pubsub: the secret in \"%s\" is shorter than its "
                      "digest: it can be guessed",
                      name);
    }
    return true;
}

bool TokenKeySource::look_again(ngx_log_t* log)
{
    looked_at_ms_ = ngx_current_msec;
    if (path_.empty()) {
        return false;
    }
    struct stat status = {};
    if (stat(path_.c_str(), &status) != 0) {
        if (trouble_ != Trouble::missing) {
            ngx_log_error(NGX_LOG_WARN, log, ngx_errno,
                          "ws_pubsub: the key file \"%s\" is not there any "
                          "more: its keys stay as they were",
                          path_.c_str());
        }
        trouble_ = Trouble::missing;
        return false;
    }
    if (version_of(status) != version_) {
        return read_again(log);
    }
    trouble_ = Trouble::none;
    return false;
}

bool TokenKeySource::read_again(ngx_log_t* log)
{
    File file(path_.c_str());
    if (!file.read_all()) {
        if (trouble_ != Trouble::unreadable) {
            ngx_log_error(NGX_LOG_WARN, log, ngx_errno,
                          "ws_pubsub: the key file \"%s\" can't be read",
                          path_.c_str());
        }
        trouble_ = Trouble::unreadable;
        return false;
    }
    trouble_ = Trouble::none;
    const bool replaced = load(log, NGX_LOG_WARN, file.status(), file.text());
    if (replaced) {
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "ws_pubsub: the keys of \"%s\" have changed",
                      path_.c_str());
    } else {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "ws_pubsub: \"%s\" has changed: the keys that it had "
                      "stay in use",
                      path_.c_str());
    }
    return replaced;
}

void TokenKeySource::check_access(ngx_log_t* log) const
{
    if (!path_.empty() && access(path_.c_str(), R_OK) != 0) {
        ngx_log_error(NGX_LOG_NOTICE, log, ngx_errno,
                      "ws_pubsub: workers can't read \"%s\": its keys change "
                      "with a reload only",
                      path_.c_str());
    }
}

} // namespace ws_pubsub
