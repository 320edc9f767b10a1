#include "client/hook_answer.hpp"

#include <utility>

#include "base/equal_fold.hpp"
#include "base/media_type.hpp"
#include "base/utf8.hpp"
#include "json/check.hpp"
#include "json/value.hpp"

namespace ws_pubsub {

namespace {

constexpr Error kNotAccepted{Errc::bad_request, "the payload is not accepted"};
constexpr Error kTooOften{Errc::rate, "too often"};

HookReading failed(std::string fault)
{
    HookReading reading;
    reading.verdict.refusal = kCantAsk;
    reading.fault = std::move(fault);
    return reading;
}

HookReading refused(const Error& error)
{
    HookReading reading;
    reading.verdict.refusal = error;
    return reading;
}

// What people are told; empty: what they always are.
std::string message_of(const HookAnswer& answer)
{
    if (answer.encoded ||
        !equal_fold(media_type(answer.content_type), "application/json")) {
        return {};
    }
    json_error_t error;
    const JsonValue value =
        is_json(answer.body) ? parse_json(answer.body, 0, error) : JsonValue();
    const json_t* message = json_object_get(value.get(), "message");
    if (!json_is_string(message)) {
        return {};
    }
    const std::string_view text = json_text(message);
    const bool is_good = text.size() <= kMaxHookMessageBytes && is_utf8(text) &&
                         !has_control_character(text);
    return std::string(is_good ? text : std::string_view{});
}

// Why the payload can't be what comes with that type; empty: it can.
std::string fault_of(const HookAnswer& answer)
{
    const std::string_view type = answer.content_type;
    if (answer.encoded) {
        return "its payload has a Content-Encoding";
    }
    if (type.size() > kMaxContentTypeBytes || has_control_character(type)) {
        return "its Content-Type is too long, or has a control character";
    }
    if (is_json_type(type) && !is_json(answer.body)) {
        return "its payload is no JSON: " +
               std::string(json_fault(answer.body));
    }
    if (is_text_type(type) && !is_utf8(answer.body)) {
        return "its payload is text, and not UTF-8";
    }
    return {};
}

std::optional<PayloadKind> kind_of(std::string_view content_type)
{
    if (content_type.empty()) {
        return std::nullopt;
    }
    return is_json_type(content_type)   ? PayloadKind::json
           : is_text_type(content_type) ? PayloadKind::text
                                        : PayloadKind::binary;
}

HookReading allowed(HookAnswer answer, bool may_replace)
{
    if (!may_replace || answer.body.empty()) {
        return {};
    }
    std::string fault = fault_of(answer);
    if (!fault.empty()) {
        return failed(std::move(fault));
    }
    HookReading reading;
    Verdict::Payload& payload = reading.verdict.payload.emplace();
    payload.kind = kind_of(answer.content_type);
    if (answer.content_type != "application/json") {
        payload.content_type = std::move(answer.content_type);
    }
    payload.text = std::move(answer.body);
    return reading;
}

} // namespace

HookReading read_hook_answer(HookAnswer answer, Question::About about,
                             bool is_patch)
{
    if (!answer.complete) {
        return failed("no whole answer has come");
    }
    switch (answer.status) {
    case 200:
    case 201:
    case 202:
    case 204:
        return allowed(std::move(answer),
                       about == Question::About::publish && !is_patch);
    case 401:
    case 403:
    case 404: {
        HookReading reading = refused(kDenied);
        reading.verdict.message = message_of(answer);
        return reading;
    }
    case 413:
    case 422:
        return refused(kNotAccepted);
    case 429:
        return refused(kTooOften);
    default:
        return failed("it has answered with " + std::to_string(answer.status));
    }
}

} // namespace ws_pubsub
