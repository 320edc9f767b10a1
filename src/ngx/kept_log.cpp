#include "ngx/ngx.hpp"

#include "ngx/kept_log.hpp"

#include <algorithm>

namespace ws_pubsub {

KeptLog::KeptLog()
{
    log_.log_level = NGX_LOG_INFO;
    log_.writer = keep;
    log_.wdata = this;
}

// "2026/01/31 12:00:00 [error] 123#123: connect() failed" and a line feed
void KeptLog::keep(ngx_log_t* log, ngx_uint_t level, u_char* line,
                   size_t size) noexcept
{
    auto& self = *static_cast<KeptLog*>(log->wdata);
    std::string_view text(reinterpret_cast<const char*>(line), size);
    const size_t bracket = text.find("] ");
    const size_t colon = text.find(": ", std::min(bracket, text.size()));
    if (colon != std::string_view::npos) {
        text.remove_prefix(colon + 2);
    }
    text = text.substr(0, text.find('\n'));
    if (level <= NGX_LOG_ALERT) {
        ngx_log_error(level, ngx_cycle->log, 0, "%*s", text.size(),
                      text.data());
    }
    self.size_ = text.copy(self.text_, sizeof(self.text_));
}

} // namespace ws_pubsub
