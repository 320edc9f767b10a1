#include "json/value.hpp"

#include "base/keyed_hash.hpp"

namespace ws_pubsub {

namespace {

// Left alone, jansson reads a seed for its hash tables from a file, or makes
// one of the time where it can't.
bool seed_objects()
{
    json_object_seed(random_hash_key().first);
    return true;
}

} // namespace

JsonValue parse_json(std::string_view text, size_t flags, json_error_t& error)
{
    [[maybe_unused]] static const bool seeded = seed_objects();
    flags |= JSON_ALLOW_NUL;
    JsonValue value(json_loadb(text.data(), text.size(), flags, &error));
    if (value == nullptr &&
        json_error_code(&error) == json_error_numeric_overflow) {
        value.reset(json_loadb(text.data(), text.size(),
                               flags | JSON_DECODE_INT_AS_REAL, &error));
    }
    // jansson passes over a NUL behind a number, and does not count it.
    const bool whole = (flags & JSON_DISABLE_EOF_CHECK) == 0;
    const size_t size =
        whole ? text.size() : static_cast<size_t>(error.position);
    if (text.substr(0, size).find('\0') != std::string_view::npos) {
        value.reset();
    }
    return value;
}

} // namespace ws_pubsub
