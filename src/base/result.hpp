// Errors as values. A function that can fail returns Result<T>; nothing of
// ours throws.
//
// The codes are those that clients see (docs/protocol.md, "Errors").
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

namespace ws_pubsub {

enum class Errc : uint16_t {
    internal = 100,
    no_identity = 101,
    unknown_topic = 102,
    denied = 103,
    unknown_op = 104,
    already_subscribed = 105,
    limit = 106,
    bad_request = 107,
    zone_full = 108,
    expired = 109,
    rate = 111,
    other_epoch = 112,
    conflict = 114,
    unavailable = 115,
    unknown = 116,
};

// What a conflict is about: HTTP has a status for each.
enum class Cause : uint8_t { other, condition, idempotency_key, path };

// `message` points to a string literal, where nothing else is said.
struct Error {
    Errc code;
    std::string_view message;
    Cause cause = Cause::other;
};

// What each way of asking is answered alike.
inline constexpr Error kDenied{Errc::denied, "not allowed"};
inline constexpr Error kTooBig{Errc::limit, "the message is too big"};
inline constexpr Error kUnknownTopic{Errc::unknown_topic, "unknown topic"};
inline constexpr Error kNoValue{Errc::unknown_topic, "no value is kept"};
inline constexpr Error kExpired{Errc::expired, "the value has expired"};
inline constexpr Error kConditionFails{
    Errc::conflict, "the condition does not hold", Cause::condition};

template <class T>
class [[nodiscard]] Result {
public:
    // Both conversions are meant: `return value;` and `return Error{...};`.
    Result(T value) : value_(std::move(value)) {} // NOLINT
    Result(Error error) : value_(error) {}        // NOLINT

    explicit operator bool() const { return value_.index() == 0; }

    // REQUIRES: the result holds a value.
    T& operator*() { return *std::get_if<0>(&value_); }
    const T& operator*() const { return *std::get_if<0>(&value_); }
    T* operator->() { return std::get_if<0>(&value_); }
    const T* operator->() const { return std::get_if<0>(&value_); }

    // REQUIRES: the result holds an error.
    const Error& error() const { return *std::get_if<1>(&value_); }

private:
    std::variant<T, Error> value_;
};

} // namespace ws_pubsub
