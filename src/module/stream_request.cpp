#include "ngx/ngx.hpp"

#include "module/stream_request.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "base/limits.hpp"
#include "base/percent.hpp"
#include "base/position_text.hpp"
#include "http/arguments.hpp"
#include "ngx/headers.hpp"
#include "ngx/text.hpp"
#include "proto/stream_start.hpp"

namespace ws_pubsub {

namespace {

constexpr std::string_view kEventStream = "text/event-stream";

Error bad(std::string_view message)
{
    return {Errc::bad_request, message};
}

// Appends the selector, unless it is there. False: it is none.
bool add_selector(std::vector<Selector>& selectors, const std::string& text)
{
    auto selector = Selector::parse(text);
    if (!selector) {
        return false;
    }
    const bool known = std::any_of(
        selectors.begin(), selectors.end(),
        [&](const Selector& one) { return one.text() == selector->text(); });
    if (!known) {
        selectors.push_back(std::move(*selector));
    }
    return true;
}

// Each argument `topic`.
bool add_arguments(ngx_http_request_t* r, std::vector<Selector>& selectors)
{
    constexpr std::string_view kName = "topic=";
    std::string_view rest = view(r->args);
    while (!rest.empty()) {
        const size_t end = rest.find('&');
        const std::string_view argument = rest.substr(0, end);
        rest.remove_prefix(std::min(rest.size(), argument.size() + 1));
        if (argument.starts_with(kName)) {
            const auto text = percent_decoded(argument.substr(kName.size()));
            if (!add_selector(selectors, text)) {
                return false;
            }
        }
    }
    return true;
}

// What a client that comes back sends counts, though its URL is the old one.
std::optional<StreamStart> start_of(ngx_http_request_t* r)
{
    const ngx_table_elt_t* last = find_header(r, "Last-Event-ID");
    if (last != nullptr && last->value.len > 0) {
        return parse_last_event_id(view(last->value));
    }
    const auto since = argument(r, "since");
    return since ? parse_since(*since) : StreamStart{};
}

std::optional<int64_t> interval_of(const std::string& text)
{
    double rate = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, rate);
    if (parsed.ec != std::errc{} || parsed.ptr != end || !(rate >= kMinRate) ||
        !(rate <= kMaxRate)) {
        return std::nullopt;
    }
    return std::max<int64_t>(std::llround(1000 / rate), 1);
}

bool wants_events(ngx_http_request_t* r)
{
    const auto form = argument(r, "as");
    return form ? *form == "sse"
                : join_headers(r, "Accept").find(kEventStream) !=
                      std::string::npos;
}

// False: it is none.
bool read_wait(ngx_http_request_t* r, StreamRequest& request)
{
    const auto wait = argument(r, "wait");
    if (!wait) {
        return true;
    }
    const auto seconds = parse_number(*wait);
    if (!seconds || *seconds > kMaxPollWaitS) {
        return false;
    }
    request.as_poll = true;
    request.wait_ms = static_cast<int64_t>(*seconds) * 1000;
    return true;
}

} // namespace

Result<StreamRequest> read_stream_request(ngx_http_request_t* r,
                                          const std::string& name,
                                          bool takes_topics)
{
    StreamRequest request;
    std::vector<Selector>& selectors = request.wish.selectors;
    if ((!name.empty() && !add_selector(selectors, name)) ||
        (takes_topics && !add_arguments(r, selectors))) {
        return bad("not a valid topic or selector");
    }
    if (selectors.empty()) {
        return bad("no topic is named");
    }
    const auto start = start_of(r);
    if (!start) {
        return bad("since is a cursor, \"new\", or \"last:\" and a number");
    }
    request.wish.from = start->from;
    request.wish.since = start->since;
    if (const auto rate = argument(r, "rate")) {
        const auto interval_ms = interval_of(*rate);
        if (!interval_ms) {
            return bad("rate must be a number from 0.001 to 1000");
        }
        request.wish.interval_ms = *interval_ms;
    }
    request.wish.delta = argument(r, "delta").value_or("") == "1";
    if (!read_wait(r, request)) {
        return bad("wait must be a number of seconds from 0 to 60");
    }
    const auto form = argument(r, "as");
    if (form && *form != "sse" && *form != "lines") {
        return bad("as is \"sse\" or \"lines\"");
    }
    request.as_events = wants_events(r);
    return request;
}

} // namespace ws_pubsub
