// Whether a text is JSON, and what is wrong with it if not.
//
// Some texts are JSON by its grammar, but have something in it that has no
// representation here: a number beyond those of a double, a name with NUL, half
// a surrogate pair, more levels than the parser takes. They are refused like
// any bad argument: not every parser of those who would get them takes them.
#pragma once

#include <string_view>

namespace ws_pubsub {

// Whether `text` is one JSON value, whatever its kind, that has a
// representation here.
bool is_json(std::string_view text);

// Whether it is one by the grammar alone, which is a lot cheaper to say.
// Nothing is said about UTF-8.
bool is_json_by_grammar(std::string_view text);

// What is wrong with a text for which is_json() is false, for people.
std::string_view json_fault(std::string_view text);

} // namespace ws_pubsub
