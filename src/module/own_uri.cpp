#include "ngx/ngx.hpp"

#include "module/own_uri.hpp"

#include <algorithm>
#include <string_view>

#include "client/hook_call.hpp"
#include "ngx/text.hpp"

namespace ws_pubsub {

std::optional<OwnUri> parse_own_uri(ngx_str_t text)
{
    const std::string_view uri = view(text);
    const size_t end = std::min(uri.find('?'), uri.size());
    const std::string_view path = uri.substr(0, end);
    if (!is_plain_path(path) || ngx_http_script_variables_count(&text) != 0) {
        return std::nullopt;
    }
    return OwnUri{std::string(path),
                  safe_arguments(uri.substr(std::min(end + 1, uri.size())))};
}

} // namespace ws_pubsub
