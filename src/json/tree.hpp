// JSON as a tree that can be changed, for patches only: elsewhere values are
// handed on as the text that they came as.
//
// Numbers are exact. One that fits an int64_t is an integer of the tree; one
// that a double spells to the last digit, below 2^53, is a float; any other is
// a string of kExactNumber and its decimal_text(). So equal numbers are equal
// values of the tree, and no number changes for being read and written.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "json/elements.hpp"
#include "json/members.hpp"

namespace ws_pubsub {

using JsonTree = nlohmann::basic_json<JsonMembers, JsonElements>;

inline constexpr Error kValueTooDeep{Errc::limit, "nested too deeply"};

// Begins the strings that stand for numbers. It is never part of UTF-8.
inline constexpr char kExactNumber = '\xFF';

// Whether a member may have that name: see json_fault().
inline bool is_member_name(std::string_view name)
{
    return name.find('\0') == std::string_view::npos;
}

// Errors: bad_request, `text` is not one JSON value; limit, it is more than
// kMaxJsonDepth deep.
Result<JsonTree> parse_json_tree(std::string_view text);

// The compact text. Errors: limit, it is longer than `max_bytes`, or more than
// kMaxJsonDepth deep.
Result<std::string> json_tree_text(const JsonTree& tree, size_t max_bytes);

struct JsonSize {
    size_t depth = 0; // arrays and objects within each other
    size_t bytes = 0; // of its text, at least
};
JsonSize json_tree_size(const JsonTree& tree);

} // namespace ws_pubsub
