#include "ngx/ngx.hpp"

#include "probe.hpp"

#include <algorithm>
#include <charconv>

#include "ngx/response.hpp"

namespace ws_pubsub::probe {

namespace {

bool g_is_ending = false;

std::string decoded(std::string_view text)
{
    std::string copy(text);
    auto* to = reinterpret_cast<u_char*>(copy.data());
    u_char* from = to;
    ngx_unescape_uri(&to, &from, copy.size(), 0);
    copy.resize(
        static_cast<size_t>(to - reinterpret_cast<u_char*>(copy.data())));
    return copy;
}

} // namespace

Arguments read_arguments(std::string_view text)
{
    Arguments found;
    while (!text.empty()) {
        const std::string_view one = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(one.size() + 1, text.size()));
        const size_t equals = std::min(one.find('='), one.size());
        found.emplace_back(
            one.substr(0, equals),
            decoded(one.substr(std::min(equals + 1, one.size()))));
    }
    return found;
}

uint64_t number_of(std::string_view text)
{
    uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

ngx_int_t answer(ngx_http_request_t* r, std::string_view text)
{
    return send_response(r, {NGX_HTTP_OK, {}, "text/plain", text});
}

ngx_int_t Waiting::wait()
{
    r_->main->count++;
    r_->read_event_handler = ngx_http_block_reading;
    return NGX_DONE;
}

void Waiting::end(std::string_view text)
{
    if (!g_is_ending) {
        ngx_connection_t* c = r_->connection;
        ngx_http_finalize_request(r_, answer(r_, text));
        ngx_http_run_posted_requests(c);
    }
}

void note_end()
{
    g_is_ending = true;
}

} // namespace ws_pubsub::probe
