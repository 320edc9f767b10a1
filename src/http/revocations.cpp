#include "ngx/ngx.hpp"

#include "http/revocations.hpp"

#include <algorithm>
#include <string>

#include "base/utf8.hpp"
#include "http/answer.hpp"
#include "http/arguments.hpp"
#include "json/value.hpp"
#include "json/writer.hpp"

namespace ws_pubsub {

namespace {

constexpr int64_t kSecondMs = 1000;
constexpr int64_t kLastSecond = 253402300799; // of the year 9999
constexpr std::string_view kUser = "user";
constexpr std::string_view kId = "jti";
constexpr std::string_view kAll = "all";

constexpr Error kNoObject{Errc::bad_request, "the body must be a JSON object"};
constexpr Error kNotOne{Errc::bad_request,
                        "say one of these: user, jti or all"};
constexpr Error kNoText{Errc::bad_request,
                        "user and jti are texts of at most 255 bytes"};
constexpr Error kNoTime{Errc::bad_request,
                        "before must be a time in seconds since 1970"};
constexpr Error kBadAfter{Errc::bad_request,
                          "after must be all, user:NAME or jti:ID"};

std::string_view name_of(Revocation::Of of)
{
    return of == Revocation::Of::user ? kUser
           : of == Revocation::Of::id ? kId
                                      : kAll;
}

// One of three. False: none, or more.
bool pick(bool user, bool id, bool all, Revocation::Of& of)
{
    of = user ? Revocation::Of::user
         : id ? Revocation::Of::id
              : Revocation::Of::all;
    return static_cast<int>(user) + static_cast<int>(id) +
               static_cast<int>(all) ==
           1;
}

bool is_name(std::string_view text)
{
    return !text.empty() && text.size() <= kMaxIdentityBytes && is_utf8(text);
}

void write(JsonWriter& out, const ListedRevocation& listed)
{
    const Revocation& revocation = listed.revocation;
    out.begin_object().name(name_of(revocation.of));
    if (revocation.of == Revocation::Of::all) {
        out.boolean(true);
    } else {
        out.string(revocation.text);
    }
    out.name("before").number(
        static_cast<uint64_t>(revocation.before_ms / kSecondMs));
    out.name("expires").number(
        static_cast<uint64_t>(listed.ends_ms / kSecondMs));
    out.end_object();
}

// What `after` says, as ListedRevocation has names; nullopt: it is none.
std::optional<std::string> name_after(ngx_http_request_t* r)
{
    const auto after = argument(r, "after");
    if (!after) {
        return std::string();
    }
    if (!is_utf8(*after)) {
        return std::nullopt;
    }
    ListedRevocation last;
    const size_t colon = after->find(':');
    const std::string_view of = std::string_view(*after).substr(0, colon);
    if (!pick(of == kUser, of == kId, of == kAll, last.revocation.of) ||
        (colon == after->npos) != (of == kAll)) {
        return std::nullopt;
    }
    if (colon != after->npos) {
        last.revocation.text = after->substr(colon + 1);
    }
    return last.name();
}

} // namespace

std::optional<Error> read_revocation(std::string_view body, int64_t now_ms,
                                     ControlOrder& order)
{
    order.kind = OrderKind::revoke;
    Revocation& revocation = order.revocation;
    json_error_t error;
    const JsonValue value = parse_json(body, JSON_REJECT_DUPLICATES, error);
    const json_t* object = value.get();
    if (!json_is_object(object)) {
        return kNoObject;
    }
    const json_t* user = json_object_get(object, "user");
    const json_t* id = json_object_get(object, "jti");
    const json_t* all = json_object_get(object, "all");
    if (!pick(user != nullptr, id != nullptr, all != nullptr, revocation.of) ||
        (all != nullptr && !json_is_true(all))) {
        return kNotOne;
    }
    if (all == nullptr) {
        const json_t* text = user != nullptr ? user : id;
        if (!json_is_string(text) || !is_name(json_text(text))) {
            return kNoText;
        }
        revocation.text = json_text(text);
    }
    // Those of this second, too: tokens often name no smaller part of time.
    revocation.before_ms = (now_ms / kSecondMs + 1) * kSecondMs;
    if (const json_t* before = json_object_get(object, "before")) {
        const auto seconds = json_whole(before);
        if (!seconds || *seconds > static_cast<uint64_t>(kLastSecond)) {
            return kNoTime;
        }
        revocation.before_ms = static_cast<int64_t>(*seconds) * kSecondMs;
    }
    return std::nullopt;
}

ngx_int_t list_revocations(ngx_http_request_t* r, Store& store)
{
    const auto limits = limit_argument(r);
    if (!limits) {
        return bad_argument(r, kBadLimit);
    }
    const auto after = name_after(r);
    if (!after) {
        return send_error(r, kBadAfter);
    }
    const size_t limit = items_of(*limits);
    auto listed = store.revocations.list(*after, limit + 1);
    const bool more = listed.size() > limit;
    listed.resize(std::min(listed.size(), limit));
    std::string json;
    JsonWriter out(json);
    out.begin_object().name("revocations").begin_array();
    for (const ListedRevocation& one : listed) {
        write(out, one);
    }
    out.end_array().name("more").boolean(more).end_object();
    return send_text(r, kJsonType, std::move(json));
}

ngx_int_t remove_revocation(ngx_http_request_t* r, Store& store)
{
    const auto user = argument(r, kUser);
    const auto id = argument(r, kId);
    const auto all = argument(r, kAll);
    Revocation::Of of{};
    if (!pick(user.has_value(), id.has_value(), all.has_value(), of) ||
        (all && *all != "1")) {
        return send_error(r, kNotOne);
    }
    const std::string text = user ? *user : id.value_or("");
    if (!all && !is_name(text)) {
        return send_error(r, kNoText);
    }
    const bool removed = store.revocations.remove(of, text);
    std::string json;
    JsonWriter out(json);
    out.begin_object().name("removed").number(removed ? 1 : 0).end_object();
    return send_json(r, NGX_HTTP_OK, json);
}

} // namespace ws_pubsub
