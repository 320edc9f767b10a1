#include "token/token.hpp"

#include <optional>

#include "base/base64.hpp"
#include "base/limits.hpp"

namespace ws_pubsub {

namespace {

// The parts as they stand in the token.
struct Parts {
    std::string_view header;
    std::string_view claims;
    std::string_view signature;
    std::string_view signed_text; // header and claims
};

std::optional<Parts> split(std::string_view token)
{
    if (token.size() > kMaxTokenBytes) {
        return std::nullopt;
    }
    const size_t first = token.find('.');
    const size_t second =
        first == token.npos ? first : token.find('.', first + 1);
    if (second == token.npos) {
        return std::nullopt;
    }
    // A third one is no character of base64url.
    return Parts{token.substr(0, first),
                 token.substr(first + 1, second - first - 1),
                 token.substr(second + 1), token.substr(0, second)};
}

// Null: it is no object without repeated members, or there is no text.
JsonValue object_of(const std::optional<std::string>& text)
{
    if (!text) {
        return nullptr;
    }
    json_error_t error;
    JsonValue value = parse_json(*text, JSON_REJECT_DUPLICATES, error);
    return json_is_object(value.get()) ? std::move(value) : nullptr;
}

JsonValue header_of(const std::optional<Parts>& parts)
{
    return parts ? object_of(decode_base64url(parts->header)) : nullptr;
}

// What the header asks for.
struct Wanted {
    Algorithm algorithm;
    std::optional<std::string_view> key_id;
};

TokenError read_header(const json_t* header, std::optional<Wanted>& out)
{
    const json_t* name = json_object_get(header, "alg");
    const json_t* id = json_object_get(header, "kid");
    if (!json_is_string(name) || (id != nullptr && !json_is_string(id)) ||
        json_object_get(header, "crit") != nullptr) {
        return TokenError::malformed;
    }
    const auto algorithm = find_algorithm(json_text(name));
    if (!algorithm) {
        return TokenError::unknown_key;
    }
    out = Wanted{*algorithm,
                 id == nullptr ? std::nullopt : std::optional(json_text(id))};
    return TokenError::none;
}

bool is_candidate(const TokenKey& key, const Wanted& wanted)
{
    return key.algorithm() == wanted.algorithm &&
           (!wanted.key_id || key.id().empty() || key.id() == *wanted.key_id);
}

// Keys without a name are tried for any, but that they don't fit does not mean
// that the token is forged: the key that it names may be a new one.
TokenError check_signature(const Parts& parts, const Wanted& wanted,
                           std::span<const TokenKey* const> keys, size_t& tried)
{
    const auto signature = decode_base64url(parts.signature);
    if (!signature) {
        return TokenError::malformed;
    }
    bool has_key = false; // of that name, if one is asked for
    for (const TokenKey* key : keys) {
        if (!is_candidate(*key, wanted)) {
            continue;
        }
        has_key = has_key || !wanted.key_id || key->id() == *wanted.key_id;
        tried++;
        if (key->verify(parts.signed_text, *signature)) {
            return TokenError::none;
        }
        if (tried == kMaxTokenKeys) {
            break;
        }
    }
    return has_key ? TokenError::signature : TokenError::unknown_key;
}

} // namespace

Verified verify_token(std::string_view token, TokenKind kind,
                      std::span<const TokenKey* const> keys,
                      const ClaimChecks& checks, int64_t now_ms)
{
    Verified result;
    const auto parts = split(token);
    const JsonValue header = header_of(parts);
    if (header == nullptr) {
        return result;
    }
    std::optional<Wanted> wanted;
    result.error = read_header(header.get(), wanted);
    if (!wanted) {
        return result;
    }
    result.error = check_signature(*parts, *wanted, keys, result.signatures);
    if (result.error != TokenError::none) {
        return result;
    }
    auto text = decode_base64url(parts->claims);
    JsonValue claims = object_of(text);
    result.error = claims == nullptr
                       ? TokenError::malformed
                       : check_claims(claims.get(), kind, checks, now_ms);
    if (result.error == TokenError::none) {
        result.claims = std::move(claims);
        result.text = std::move(*text);
    }
    return result;
}

bool wants_public_key(std::string_view token)
{
    const JsonValue header = header_of(split(token));
    std::optional<Wanted> wanted;
    return header != nullptr &&
           read_header(header.get(), wanted) == TokenError::none &&
           kind_of(wanted->algorithm) != KeyKind::secret;
}

} // namespace ws_pubsub
