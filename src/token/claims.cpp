#include "token/claims.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/equal_fold.hpp"
#include "base/limits.hpp"

namespace ws_pubsub {

namespace {

constexpr double kMsPerSecond = 1000;
// A time that no clock here comes to, in ms: a double has it exactly.
constexpr double kEndOfTime = 9007199254740992.0;

bool has_controls(std::string_view text)
{
    return std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<uint8_t>(c) < 0x20 || c == 0x7f;
    });
}

// A member's number of seconds, in ms. `wrong` is set where it is there and no
// finite number.
std::optional<double> time_of(const json_t* claims, const char* name,
                              bool& wrong)
{
    const json_t* member = json_object_get(claims, name);
    if (member == nullptr) {
        return std::nullopt;
    }
    if (!json_is_number(member) || !std::isfinite(json_number_value(member))) {
        wrong = true;
        return std::nullopt;
    }
    return json_number_value(member) * kMsPerSecond;
}

TokenError check_times(const json_t* claims, const ClaimChecks& checks,
                       int64_t now_ms)
{
    bool wrong = false;
    const auto expires = time_of(claims, "exp", wrong);
    const auto begins = time_of(claims, "nbf", wrong);
    const auto issued = time_of(claims, "iat", wrong);
    if (wrong) {
        return TokenError::claim;
    }
    const auto now = static_cast<double>(now_ms);
    const double leeway = static_cast<double>(checks.leeway_s) * kMsPerSecond;
    if (expires && now >= *expires + leeway) {
        return TokenError::expired;
    }
    if ((begins && now < *begins - leeway) ||
        (issued && now < *issued - leeway)) {
        return TokenError::early;
    }
    if (checks.max_age_s == 0) {
        return TokenError::none;
    }
    if (!issued) {
        return TokenError::claim;
    }
    const double most = static_cast<double>(checks.max_age_s) * kMsPerSecond;
    return now - *issued > most + leeway ? TokenError::too_old
                                         : TokenError::none;
}

bool is_text(const json_t* value, const std::string& text)
{
    return json_is_string(value) && json_text(value) == text;
}

bool is_one_of(const json_t* value, const std::vector<std::string>& texts)
{
    return std::any_of(
        texts.begin(), texts.end(),
        [value](const std::string& text) { return is_text(value, text); });
}

// `aud` is a string, or an array of them (RFC 7519 section 4.1.3).
bool has_audience(const json_t* claims, const std::vector<std::string>& wanted)
{
    const json_t* audience = json_object_get(claims, "aud");
    if (is_one_of(audience, wanted)) {
        return true;
    }
    for (size_t i = 0; i < json_array_size(audience); i++) {
        if (is_one_of(json_array_get(audience, i), wanted)) {
            return true;
        }
    }
    return false;
}

// RFC 7519 section 4.1: what issuers take care of, as it is spelled there.
constexpr std::array<std::string_view, 7> kRegistered = {
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti"};

const json_t* find_claim(const json_t* claims, const std::string& name)
{
    const json_t* exact = json_object_get(claims, name.c_str());
    if (exact != nullptr || std::find(kRegistered.begin(), kRegistered.end(),
                                      name) != kRegistered.end()) {
        return exact;
    }
    const json_t* found = nullptr;
    auto* object = const_cast<json_t*>(claims); // it is only read
    for (void* at = json_object_iter(object); at != nullptr;
         at = json_object_iter_next(object, at)) {
        if (!equal_fold(json_object_iter_key(at), name)) {
            continue;
        }
        if (found != nullptr) {
            return nullptr;
        }
        found = json_object_iter_value(at);
    }
    return found;
}

// A token for a session that names topics would let more in than its issuer
// meant to; one that names none is no ticket.
TokenError check_kind(const json_t* claims, TokenKind kind)
{
    const json_t* topic = json_object_get(claims, "topic");
    const json_t* channel = json_object_get(claims, "channel");
    if (kind == TokenKind::session) {
        return topic == nullptr && channel == nullptr ? TokenError::none
                                                      : TokenError::ticket;
    }
    const json_t* publish = json_object_get(claims, "pub");
    const bool good = json_is_string(topic) && channel == nullptr &&
                      Selector::parse(json_text(topic)).has_value() &&
                      !is_reserved(json_text(topic)) &&
                      (publish == nullptr || json_is_boolean(publish));
    return good ? TokenError::none : TokenError::claim;
}

// `sub` and `jti`, where they are there, are names: by what else could it be
// revoked?
bool is_name_or_absent(const json_t* claim)
{
    if (claim == nullptr) {
        return true;
    }
    const std::string_view name =
        json_is_string(claim) ? json_text(claim) : std::string_view{};
    return !name.empty() && name.size() <= kMaxIdentityBytes &&
           !has_controls(name);
}

} // namespace

TokenError check_claims(const json_t* claims, TokenKind kind,
                        const ClaimChecks& checks, int64_t now_ms)
{
    const TokenError of_kind = check_kind(claims, kind);
    if (of_kind != TokenError::none) {
        return of_kind;
    }
    const TokenError times = check_times(claims, checks, now_ms);
    if (times != TokenError::none) {
        return times;
    }
    if (!is_name_or_absent(json_object_get(claims, "sub")) ||
        !is_name_or_absent(json_object_get(claims, "jti"))) {
        return TokenError::claim;
    }
    if (!checks.issuer.empty() &&
        !is_text(json_object_get(claims, "iss"), checks.issuer)) {
        return TokenError::issuer;
    }
    if (!checks.audiences.empty() && !has_audience(claims, checks.audiences)) {
        return TokenError::audience;
    }
    const bool complete =
        std::all_of(checks.required.begin(), checks.required.end(),
                    [claims](const std::string& name) {
                        const json_t* value =
                            json_object_get(claims, name.c_str());
                        return value != nullptr && !json_is_null(value);
                    });
    return complete ? TokenError::none : TokenError::claim;
}

namespace {

std::optional<int64_t> ms_of(const json_t* claims, const char* name)
{
    bool wrong = false;
    const auto time = time_of(claims, name, wrong);
    return time ? std::optional(static_cast<int64_t>(
                      std::clamp(*time, -kEndOfTime, kEndOfTime)))
                : std::nullopt;
}

std::string name_in(const json_t* claims, const char* name)
{
    const json_t* value = json_object_get(claims, name);
    return std::string(json_is_string(value) ? json_text(value)
                                             : std::string_view{});
}

} // namespace

std::optional<int64_t> expiry_of(const json_t* claims)
{
    return ms_of(claims, "exp");
}

std::string user_of(const json_t* claims)
{
    return name_in(claims, "sub");
}

TokenMark mark_of(const json_t* claims)
{
    return {TokenMark::number_of(name_in(claims, "jti")),
            ms_of(claims, "iat").value_or(TokenMark::kNoTime)};
}

Selector topics_of(const json_t* claims)
{
    return *Selector::parse(json_text(json_object_get(claims, "topic")));
}

bool lets_publish(const json_t* claims)
{
    return json_is_true(json_object_get(claims, "pub"));
}

std::string claim_text(const json_t* claims, const std::string& name)
{
    const json_t* value = find_claim(claims, name);
    if (json_is_string(value)) {
        const std::string_view text = json_text(value);
        return std::string(has_controls(text) ? std::string_view{} : text);
    }
    if (json_is_integer(value)) {
        return std::to_string(json_integer_value(value));
    }
    if (json_is_boolean(value)) {
        return json_is_true(value) ? "true" : "false";
    }
    if (json_is_real(value)) {
        std::array<char, 64> text{};
        const auto end = std::to_chars(text.data(), text.data() + text.size(),
                                       json_real_value(value));
        return {text.data(), end.ptr};
    }
    return {};
}

} // namespace ws_pubsub
