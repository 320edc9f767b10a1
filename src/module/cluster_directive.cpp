#include "ngx/ngx.hpp"

#include "module/cluster_directive.hpp"

#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "module/arguments.hpp"
#include "module/cluster_settings.hpp"
#include "module/config.hpp"
#include "ngx/guard.hpp"
#include "ngx/text.hpp"
#include "redis/url.hpp"

namespace ws_pubsub {

namespace {

// What a log's name may have: it becomes a part of keys.
bool is_name(std::string_view name)
{
    return !name.empty() && name.size() <= kMaxClusterNameBytes &&
           name.find_first_of("{}: \t\r\n") == std::string_view::npos;
}

std::optional<uint32_t> parse_percent(std::string_view text)
{
    uint32_t percent = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, percent);
    return error == std::errc() && text.ends_with('%') && at == end - 1 &&
                   percent >= 1 && percent <= kMostClusterBudget
               ? std::optional(percent)
               : std::nullopt;
}

// The directive as it is read.
class Reading {
public:
    Reading(ngx_conf_t* cf, MainConf& conf) : cf_(cf), conf_(conf) {}

    char* read()
    {
        const Arguments arguments(cf_);
        for (size_t i = 1; i < arguments.count; i++) {
            if (!take(arguments[i])) {
                return failed_ ? kConfError : invalid(cf_, arguments[i]);
            }
        }
        if (zone_.empty()) {
            return const_cast<char*>("needs \"zone=\"");
        }
        if (urls_.empty()) {
            return const_cast<char*>("needs the URL of a Redis");
        }
        return add();
    }

private:
    char* fail(const std::string& why)
    {
        failed_ = true;
        ngx_conf_log_error(NGX_LOG_EMERG, cf_, 0, "ws_pubsub_cluster: %s",
                           why.c_str());
        return kConfError;
    }

    bool take(const ngx_str_t& argument)
    {
        if (const auto zone = value_of(argument, "zone")) {
            zone_ = *zone;
        } else if (const auto name = value_of(argument, "name")) {
            settings_.name = *name;
            return is_name(*name);
        } else if (const auto user = value_of(argument, "user")) {
            login_.user = *user;
        } else if (value_of(argument, "password_file")) {
            return read_password(argument, "password_file=", login_);
        } else if (const auto sentinel_user =
                       value_of(argument, "sentinel_user")) {
            sentinel_login_.user = *sentinel_user;
        } else if (value_of(argument, "sentinel_password_file")) {
            return read_password(argument,
                                 "sentinel_password_file=", sentinel_login_);
        } else if (value_of(argument, "trusted_certificate")) {
            constexpr std::string_view kWord = "trusted_certificate=";
            trusted_ = {argument.len - kWord.size(),
                        argument.data + kWord.size()};
        } else if (const auto verify = value_of(argument, "verify")) {
            verify_ = *verify == "on" ? std::optional(true) : false;
            return *verify == "on" || *verify == "off";
        } else {
            return take_limit(argument) || take_url(argument);
        }
        return true;
    }

    bool take_limit(const ngx_str_t& argument)
    {
        if (const auto wait = value_of(argument, "wait")) {
            const auto ms = parse_some_ms(*wait, kMostClusterWaitMs);
            settings_.limits.wait_ms = ms.value_or(0);
            return ms.has_value();
        }
        if (const auto pending = value_of(argument, "pending")) {
            const auto bytes = parse_size(*pending);
            settings_.limits.pending_bytes = bytes.value_or(0);
            return bytes.value_or(0) != 0;
        }
        if (const auto log = value_of(argument, "log")) {
            const auto bytes = parse_size(*log);
            settings_.log_bytes = bytes.value_or(0);
            return bytes.value_or(0) >= kLeastClusterLog;
        }
        if (const auto budget = value_of(argument, "budget")) {
            const auto percent = parse_percent(*budget);
            settings_.budget_percent = percent.value_or(0);
            return percent.has_value();
        }
        return false;
    }

    bool take_url(const ngx_str_t& argument)
    {
        if (view(argument).find("://") == std::string_view::npos &&
            !view(argument).starts_with("unix:")) {
            return false;
        }
        auto url = redis::read_url(view(argument));
        if (!url) {
            const std::string text(view(argument));
            // There may be a password in it.
            const bool shown = text.find('@') == std::string::npos;
            fail((shown ? "\"" + text + "\": " : "") +
                 std::string(url.error().message));
            return false;
        }
        urls_.push_back(*std::move(url));
        return true;
    }

    bool read_password(const ngx_str_t& argument, std::string_view word,
                       redis::Login& login)
    {
        ngx_str_t path = {argument.len - word.size(),
                          argument.data + word.size()};
        if (ngx_conf_full_name(cf_->cycle, &path, 1) != NGX_OK) {
            failed_ = true;
            return false;
        }
        std::ifstream file(std::string(view(path)));
        std::string line;
        if (!std::getline(file, line) || line.empty()) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf_, ngx_errno,
                               "ws_pubsub_cluster: \"%V\" has no password that "
                               "can be read",
                               &path);
            failed_ = true;
            return false;
        }
        if (line.ends_with('\r')) {
            line.pop_back();
        }
        login.password = line;
        return true;
    }

    const redis::Tls* make_tls()
    {
        const bool verifies = verify_.value_or(true);
        if (verifies && trusted_.len == 0) {
            fail("\"rediss://\" needs \"trusted_certificate=\", or "
                 "\"verify=off\"");
            return nullptr;
        }
        return redis::Tls::make(cf_, verifies ? &trusted_ : nullptr);
    }

    char* add()
    {
        if (settings_.name.empty()) {
            settings_.name = zone_;
        }
        login_.name = "ws_pubsub:" + settings_.name;
        for (const redis::Url& url : urls_) {
            const redis::Tls* tls = nullptr;
            if (url.has_tls) {
                tls = make_tls();
                if (tls == nullptr) {
                    return kConfError;
                }
            }
            settings_.servers.push_back(
                redis::make_server(url, tls, login_, sentinel_login_));
        }
        return conf_.zone(zone_).share(std::move(settings_))
                   ? NGX_CONF_OK
                   : fail("is duplicate for the zone \"" + std::string(zone_) +
                          "\"");
    }

    ngx_conf_t* cf_;
    MainConf& conf_;
    std::string_view zone_;
    std::vector<redis::Url> urls_;
    redis::Login login_;
    redis::Login sentinel_login_;
    ngx_str_t trusted_ = ngx_null_string;
    std::optional<bool> verify_;
    ClusterSettings settings_;
    bool failed_ = false; // the log says why
};

} // namespace

// ws_pubsub_cluster zone=name url... [name=] [user=] [password_file=] [wait=5s]
//     [pending=4m] [budget=60%] [log=64m] [trusted_certificate=] [verify=on]
//     [sentinel_user=] [sentinel_password_file=]
char* set_cluster(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf)
{
    return guarded(
        [&] { return Reading(cf, *static_cast<MainConf*>(conf)).read(); },
        kConfError);
}

} // namespace ws_pubsub
