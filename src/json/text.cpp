#include "json/text.hpp"

#include <charconv>

#include "base/base64.hpp"
#include "base/position_text.hpp"

namespace ws_pubsub {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

void append_escape(std::string& out, char c)
{
    constexpr std::string_view kHex = "0123456789abcdef";
    switch (c) {
    case '"':
        out += "\\\"";
        break;
    case '\\':
        out += "\\\\";
        break;
    case '\n':
        out += "\\n";
        break;
    case '\r':
        out += "\\r";
        break;
    case '\t':
        out += "\\t";
        break;
    default:
        out += "\\u00";
        out += kHex[static_cast<uint8_t>(c) >> 4];
        out += kHex[static_cast<uint8_t>(c) & 15];
        break;
    }
}

bool needs_escape(char c)
{
    return static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\';
}

void skip_blanks(std::string_view text, size_t& at)
{
    at = std::min(text.find_first_not_of(kBlanks, at), text.size());
}

// `at` is at the opening quote; afterwards behind the closing one.
void skip_string(std::string_view text, size_t& at)
{
    at++;
    while (text[at] != '"') {
        at += text[at] == '\\' ? 2 : 1;
    }
    at++;
}

// Leaves `at` behind the value: at a comma or bracket of what is around it,
// or at a blank before that.
void skip_value(std::string_view text, size_t& at)
{
    size_t depth = 0;
    do {
        switch (text[at]) {
        case '"':
            skip_string(text, at);
            continue;
        case '{':
        case '[':
            depth++;
            break;
        case '}':
        case ']':
            depth--;
            break;
        default:
            if (depth == 0) {
                at = text.find_first_of(" \t\r\n,}]", at);
                return;
            }
            break;
        }
        at++;
    } while (depth > 0);
}

// Whether a quoted name in the text, escapes and all, spells `name`. The names
// asked for are plain ASCII; an escaped spelling of one is not recognised by
// cutting, so it is undone letter by letter.
bool spells(std::string_view quoted, std::string_view name)
{
    quoted = quoted.substr(1, quoted.size() - 2);
    size_t i = 0;
    for (const char c : name) {
        char have = 0;
        if (quoted.substr(i, 2) == "\\u" && i + 6 <= quoted.size()) {
            unsigned code = 0;
            std::from_chars(quoted.data() + i + 2, quoted.data() + i + 6, code,
                            16);
            have = code < 0x80 ? static_cast<char>(code) : '\0';
            i += 6;
        } else if (i < quoted.size()) {
            have = quoted[i++];
        }
        if (have != c) {
            return false;
        }
    }
    return i == quoted.size();
}

} // namespace

void append_json_string(std::string& out, std::string_view text)
{
    out += '"';
    size_t plain = 0;
    for (size_t i = 0; i < text.size(); i++) {
        if (needs_escape(text[i])) {
            out.append(text, plain, i - plain);
            append_escape(out, text[i]);
            plain = i + 1;
        }
    }
    out.append(text, plain);
    out += '"';
}

void append_number(std::string& out, uint64_t number)
{
    char buffer[20];
    const auto result = std::to_chars(buffer, buffer + sizeof(buffer), number);
    out.append(buffer, result.ptr);
}

void append_payload(std::string& out, const Message& message)
{
    switch (message.kind) {
    case PayloadKind::json:
        out += "\"data\":";
        out += message.payload;
        break;
    case PayloadKind::text:
        out += "\"text\":";
        append_json_string(out, message.payload);
        break;
    case PayloadKind::binary:
        out += "\"b64\":\"";
        append_base64(out, message.payload);
        out += '"';
        break;
    }
}

void append_position(std::string& out, const Position& at)
{
    out += "\"epoch\":\"";
    out += epoch_text(at.epoch);
    out += "\",\"seq\":";
    append_number(out, at.seq);
}

void append_item(std::string& out, std::string_view topic,
                 const Message& message)
{
    out += "{\"topic\":";
    append_json_string(out, topic);
    out += ',';
    append_position(out, message.at);
    out += ",\"time\":";
    append_number(out, static_cast<uint64_t>(message.time_ms));
    out += ',';
    append_payload(out, message);
    out += '}';
}

void append_was(std::string& out, uint64_t was)
{
    if (was != 0) {
        out += ",\"was\":\"";
        out += epoch_text(was);
        out += '"';
    }
}

void append_topic_row(std::string& out, std::string_view topic,
                      const Position& at, uint64_t was)
{
    out += "{\"topic\":";
    append_json_string(out, topic);
    out += ',';
    append_position(out, at);
    append_was(out, was);
    out += '}';
}

void append_error(std::string& out, const Error& error)
{
    out += "\"error\":{\"code\":";
    append_number(out, static_cast<uint64_t>(error.code));
    out += ",\"message\":";
    append_json_string(out, error.message);
    out += '}';
}

std::string_view find_member(std::string_view object, std::string_view name)
{
    std::string_view found;
    size_t at = object.find('{') + 1;
    for (;;) {
        skip_blanks(object, at);
        if (object[at] == ',') {
            at++;
            continue;
        }
        if (object[at] == '}') {
            return found;
        }
        const size_t name_at = at;
        skip_string(object, at);
        const bool wanted = spells(object.substr(name_at, at - name_at), name);
        at = object.find(':', at) + 1;
        skip_blanks(object, at);
        const size_t value_at = at;
        skip_value(object, at);
        if (wanted) {
            found = object.substr(value_at, at - value_at);
        }
    }
}

} // namespace ws_pubsub
