#include "client/hook_call.hpp"

#include <algorithm>
#include <array>

#include "base/equal_fold.hpp"
#include "base/percent.hpp"

namespace ws_pubsub {

namespace {

constexpr std::array<std::string_view, 9> kDropped = {
    "Connection", "Upgrade", "Transfer-Encoding", "TE",        "Trailer",
    "Expect",     "Range",   "Accept-Encoding",   "Keep-Alive"};

constexpr std::array<std::string_view, 3> kDroppedStarts = {"Sec-WebSocket-",
                                                            "Content-", "If-"};

} // namespace

std::string hook_arguments(const Question& question, std::string_view user,
                           std::string_view session)
{
    return "op=" + percent_encoded(question.op) +
           "&topic=" + percent_encoded(question.topic) +
           "&user=" + percent_encoded(user) +
           "&session=" + percent_encoded(session);
}

std::string_view hook_content_type(const Question& question)
{
    if (question.about != Question::About::publish) {
        return {};
    }
    if (question.patch) {
        return *question.patch == PatchKind::merge
                   ? "application/merge-patch+json"
                   : "application/json-patch+json";
    }
    switch (question.kind) {
    case PayloadKind::json:
        return "application/json";
    case PayloadKind::text:
        return "text/plain; charset=utf-8";
    case PayloadKind::binary:
        break;
    }
    return "application/octet-stream";
}

bool is_hook_header(std::string_view name)
{
    return std::none_of(kDropped.begin(), kDropped.end(),
                        [name](std::string_view dropped) {
                            return equal_fold(name, dropped);
                        }) &&
           std::none_of(kDroppedStarts.begin(), kDroppedStarts.end(),
                        [name](std::string_view start) {
                            return equal_fold(name.substr(0, start.size()),
                                              start);
                        });
}

bool is_plain_path(std::string_view path)
{
    return path.starts_with('/') && path.find('\0') == path.npos &&
           path.find("/../") == path.npos && !path.ends_with("/..");
}

std::string safe_arguments(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        const bool is_safe =
            static_cast<unsigned char>(c) > ' ' && c != 0x7F && c != '#';
        out += is_safe ? std::string(1, c) : percent_encoded({&c, 1});
    }
    return out;
}

} // namespace ws_pubsub
