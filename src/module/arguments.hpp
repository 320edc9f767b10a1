// The arguments of a directive.
#pragma once

#include "ngx/ngx.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "ngx/text.hpp"

namespace ws_pubsub {

inline char* const kConfError = static_cast<char*>(NGX_CONF_ERROR);

struct Arguments {
    const ngx_str_t* begin_;
    size_t count;

    // [0] is the directive's name.
    explicit Arguments(const ngx_conf_t* cf)
        : begin_(static_cast<ngx_str_t*>(cf->args->elts)),
          count(cf->args->nelts)
    {}
    [[nodiscard]] const ngx_str_t& operator[](size_t i) const
    {
        return begin_[i];
    }
};

inline char* invalid(ngx_conf_t* cf, const ngx_str_t& argument)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                       &argument);
    return kConfError;
}

// A size with `k`, `m` or `g` (ngx_parse_size() has no `g`); nullopt: none.
inline std::optional<size_t> parse_size(std::string_view text)
{
    auto* data = reinterpret_cast<u_char*>(const_cast<char*>(text.data()));
    ngx_str_t line = {text.size(), data};
    const off_t size = ngx_parse_offset(&line);
    if (size < 0 || static_cast<uint64_t>(size) > SIZE_MAX / 2) {
        return std::nullopt;
    }
    return static_cast<size_t>(size);
}

enum class TimeUnit : uint8_t { seconds, milliseconds };

// A time as nginx writes it, in that unit, up to `most`; nullopt: none.
inline std::optional<int64_t> parse_time(std::string_view text, TimeUnit unit,
                                         int64_t most = INT64_MAX)
{
    auto* data = reinterpret_cast<u_char*>(const_cast<char*>(text.data()));
    ngx_str_t line = {text.size(), data};
    const ngx_int_t time =
        ngx_parse_time(&line, unit == TimeUnit::seconds ? 1 : 0);
    return text.empty() || time == NGX_ERROR || time > most
               ? std::nullopt
               : std::optional<int64_t>(time);
}

// The same in milliseconds, and not 0.
inline std::optional<int64_t> parse_some_ms(std::string_view text, int64_t most)
{
    const auto ms = parse_time(text, TimeUnit::milliseconds, most);
    return ms == 0 ? std::nullopt : ms;
}

// The value of `name=value`; nullopt if the argument is something else.
inline std::optional<std::string_view> value_of(const ngx_str_t& argument,
                                                std::string_view name)
{
    const std::string_view text = view(argument);
    if (!text.starts_with(name) || text.size() <= name.size() ||
        text[name.size()] != '=') {
        return std::nullopt;
    }
    return text.substr(name.size() + 1);
}

} // namespace ws_pubsub
