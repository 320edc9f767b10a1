// A log whose last line is kept in place of being written.
//
// nginx's functions say why they fail to a log and to nobody else. With this
// one whoever has called them can pass it on, at his own level and not for each
// of a hundred attempts. What nginx itself has done wrong is written, too.
#pragma once

#include "ngx/ngx.hpp"

#include <string_view>

namespace ws_pubsub {

class KeptLog {
public:
    KeptLog();
    ~KeptLog() = default;
    KeptLog(const KeptLog&) = delete; // nginx has a pointer to it
    KeptLog& operator=(const KeptLog&) = delete;

    ngx_log_t* log() { return &log_; }
    // The text of the last line, without time and process; empty: there was
    // none.
    [[nodiscard]] std::string_view last() const { return {text_, size_}; }
    void forget() { size_ = 0; }

private:
    static void keep(ngx_log_t* log, ngx_uint_t level, u_char* line,
                     size_t size) noexcept;

    ngx_log_t log_{};
    char text_[256]{};
    size_t size_ = 0;
};

} // namespace ws_pubsub
