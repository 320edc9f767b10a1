#include "json/check.hpp"

#include "json/grammar.hpp"
#include "json/value.hpp"

namespace ws_pubsub {

bool is_json(std::string_view text)
{
    json_error_t error;
    return parse_json(text, JSON_DECODE_ANY, error) != nullptr;
}

bool is_json_by_grammar(std::string_view text)
{
    const auto end = json_end(text);
    return end &&
           text.find_first_not_of(" \t\r\n", *end) == std::string_view::npos;
}

std::string_view json_fault(std::string_view text)
{
    json_error_t error;
    if (!is_json_by_grammar(text) || parse_json(text, JSON_DECODE_ANY, error)) {
        return "not JSON";
    }
    switch (json_error_code(&error)) {
    case json_error_numeric_overflow:
        return "a number in the JSON is beyond those of a double";
    case json_error_null_byte_in_key:
        return "a name in the JSON has a NUL";
    case json_error_stack_overflow:
        return "the JSON is nested too deeply";
    case json_error_invalid_utf8:
        return "the JSON is not UTF-8";
    case json_error_invalid_syntax:
        // The only syntax that the grammar takes and the parser does not.
        return "a string in the JSON has half a surrogate pair";
    default:
        return "the JSON could not be read";
    }
}

} // namespace ws_pubsub
