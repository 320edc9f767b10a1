// JSON as a tree that can be changed, for patches only: elsewhere values are
// handed on as the text that they came as.
//
// Numbers are exact. One that fits an int64_t is an integer of the tree; one
// that a double spells to the last digit, below 2^53, is a float; any other is
// a string of kExactNumber and its decimal_text(). So equal numbers are equal
// values of the tree, and no number changes for being read and written.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "proto/json_members.hpp"

namespace ws_pubsub {

using JsonTree = nlohmann::basic_json<JsonMembers>;

// Begins the strings that stand for numbers. It is never part of UTF-8.
inline constexpr char kExactNumber = '\xFF';

// Whether a member may have that name: one with NUL is no JSON to is_json().
inline bool is_member_name(std::string_view name)
{
    return name.find('\0') == std::string_view::npos;
}

// nullopt unless `text` is one JSON value, at most kMaxJsonDepth deep.
std::optional<JsonTree> parse_json_tree(std::string_view text);

// The compact text.
std::string json_tree_text(const JsonTree& tree);

struct JsonSize {
    size_t depth = 0; // arrays and objects within each other
    size_t bytes = 0; // of its text, at least
};
JsonSize json_tree_size(const JsonTree& tree);

} // namespace ws_pubsub
