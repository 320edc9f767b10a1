#include "client/control_order.hpp"

#include "json/value.hpp"
#include "json/writer.hpp"

namespace ws_pubsub {

namespace {

constexpr size_t kIdDigits = 16;
constexpr std::string_view kDigits = "0123456789abcdef";

void write(JsonWriter& out, std::string_view name,
           const std::optional<std::string>& text)
{
    if (text) {
        out.name(name).string(*text);
    }
}

void write(JsonWriter& out, const Revocation& revocation)
{
    out.name("of").number(static_cast<uint64_t>(revocation.of));
    out.name("text").string(revocation.text);
    out.name("before").number(static_cast<uint64_t>(revocation.before_ms));
}

std::optional<std::string> text_at(const json_t* object, const char* name)
{
    const json_t* value = json_object_get(object, name);
    return json_is_string(value) ? std::optional(std::string(json_text(value)))
                                 : std::nullopt;
}

uint64_t number_at(const json_t* object, const char* name)
{
    return json_whole(json_object_get(object, name)).value_or(0);
}

} // namespace

std::string session_id_text(uint64_t id)
{
    std::string text(kIdDigits, '0');
    for (size_t i = kIdDigits; i-- > 0; id >>= 4) {
        text[i] = kDigits[id & 15];
    }
    return text;
}

std::optional<uint64_t> parse_session_id(std::string_view text)
{
    if (text.size() != kIdDigits) {
        return std::nullopt;
    }
    uint64_t id = 0;
    for (const char c : text) {
        const size_t digit = kDigits.find(c);
        if (digit == kDigits.npos) {
            return std::nullopt;
        }
        id = id << 4 | digit;
    }
    return id;
}

std::string ControlOrder::text() const
{
    std::string json;
    JsonWriter out(json);
    out.begin_object();
    if (filter.id) {
        out.name("id").string(session_id_text(*filter.id));
    }
    write(out, "user", filter.user);
    write(out, "identity", filter.identity);
    write(out, "topic", filter.topic);
    write(out, "endpoint", filter.endpoint);
    if (kind == OrderKind::list) {
        out.name("subscriptions").boolean(subscriptions);
        out.name("after").string(after).name("limit").number(limit);
    } else if (kind == OrderKind::close) {
        out.name("code").number(code).name("reason").string(reason);
    } else if (kind == OrderKind::unsubscribe) {
        out.name("selector").string(selector);
    } else {
        write(out, revocation);
    }
    out.end_object();
    return json;
}

std::optional<ControlOrder> ControlOrder::parse(OrderKind kind,
                                                std::string_view text)
{
    json_error_t error;
    const JsonValue value = parse_json(text, 0, error);
    const json_t* object = value.get();
    if (!json_is_object(object)) {
        return std::nullopt;
    }
    ControlOrder order;
    order.kind = kind;
    if (const auto id = text_at(object, "id")) {
        order.filter.id = parse_session_id(*id);
        if (!order.filter.id) {
            return std::nullopt;
        }
    }
    order.filter.user = text_at(object, "user");
    order.filter.identity = text_at(object, "identity");
    order.filter.topic = text_at(object, "topic");
    order.filter.endpoint = text_at(object, "endpoint");
    order.subscriptions =
        json_is_true(json_object_get(object, "subscriptions"));
    order.after = text_at(object, "after").value_or("");
    order.limit = number_at(object, "limit");
    order.code = static_cast<uint16_t>(number_at(object, "code"));
    order.reason = text_at(object, "reason").value_or("");
    order.selector = text_at(object, "selector").value_or("");
    order.revocation = {static_cast<Revocation::Of>(number_at(object, "of")),
                        text_at(object, "text").value_or(""),
                        static_cast<int64_t>(number_at(object, "before"))};
    return order;
}

} // namespace ws_pubsub
