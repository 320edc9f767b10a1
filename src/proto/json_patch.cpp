#include "proto/json_patch.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "base/limits.hpp"
#include "base/position_text.hpp"
#include "proto/json_tree.hpp"

namespace ws_pubsub {

namespace {

using Problem = std::optional<Error>;
using Path = std::vector<std::string>; // reference tokens

constexpr Error kNoJsonPatch{Errc::bad_request, "not a JSON Patch"};
constexpr Error kNoSuchPath{Errc::conflict, "no such path", Cause::path};
constexpr Error kTooBig{Errc::limit, "the message is too big"};

// Undoes ~0 and ~1 (RFC 6901 section 4).
bool unescape(std::string& token)
{
    for (size_t at = token.find('~'); at != std::string::npos;
         at = token.find('~', at + 1)) {
        const char code = at + 1 < token.size() ? token[at + 1] : '\0';
        if (code != '0' && code != '1') {
            return false;
        }
        token.replace(at, 2, 1, code == '0' ? '~' : '/');
    }
    return true;
}

// A JSON Pointer (RFC 6901 section 3).
std::optional<Path> parse_pointer(std::string_view text)
{
    Path path;
    if (!text.empty() && text.front() != '/') {
        return std::nullopt;
    }
    while (!text.empty()) {
        text.remove_prefix(1);
        const size_t end = std::min(text.find('/'), text.size());
        path.emplace_back(text.substr(0, end));
        if (!unescape(path.back()) || !is_member_name(path.back())) {
            return std::nullopt;
        }
        text.remove_prefix(end);
    }
    return path;
}

// An array index below `end`.
std::optional<size_t> parse_index(std::string_view token, size_t end)
{
    const auto index = parse_number(token);
    const bool zeros = token.size() > 1 && token.front() == '0';
    return index && !zeros && *index < end ? index : std::nullopt;
}

JsonTree* child_of(JsonTree& parent, const std::string& token)
{
    if (parent.is_object()) {
        const auto found = parent.find(token);
        return found == parent.end() ? nullptr : &*found;
    }
    if (!parent.is_array()) {
        return nullptr;
    }
    const auto index = parse_index(token, parent.size());
    return index ? &parent[*index] : nullptr;
}

JsonTree* find(JsonTree& root, std::span<const std::string> path)
{
    JsonTree* tree = &root;
    for (const std::string& token : path) {
        tree = tree == nullptr ? nullptr : child_of(*tree, token);
    }
    return tree;
}

// Applies operations to a tree, one after the other.
class Patcher {
public:
    Patcher(JsonTree& root, size_t max_bytes)
        : root_(root), max_bytes_(max_bytes)
    {}

    Problem apply(JsonTree& operation);

private:
    Problem add(const Path& path, JsonTree value);
    Problem add_to(JsonTree& parent, const std::string& token, JsonTree value);
    Problem remove(const Path& path);
    Problem replace(const Path& path, JsonTree value);
    Problem test(const Path& path, const JsonTree& value);
    Problem move(const Path& from, const Path& path);
    Problem copy(const Path& from, const Path& path);

    JsonTree& root_;
    size_t max_bytes_;
    size_t copied_bytes_ = 0;
};

bool fits(const Path& path, const JsonTree& value)
{
    return path.size() + json_tree_size(value).depth <= kMaxJsonDepth;
}

Problem Patcher::add_to(JsonTree& parent, const std::string& token,
                        JsonTree value)
{
    if (parent.is_object()) {
        parent[token] = std::move(value);
        return std::nullopt;
    }
    if (!parent.is_array()) {
        return kNoSuchPath;
    }
    const auto index =
        token == "-" ? parent.size() : parse_index(token, parent.size() + 1);
    if (!index) {
        return kNoSuchPath;
    }
    parent.insert(parent.cbegin() + static_cast<ptrdiff_t>(*index),
                  std::move(value));
    return std::nullopt;
}

Problem Patcher::add(const Path& path, JsonTree value)
{
    if (!fits(path, value)) {
        return kTooBig;
    }
    if (path.empty()) {
        root_ = std::move(value);
        return std::nullopt;
    }
    JsonTree* parent = find(root_, std::span(path).first(path.size() - 1));
    return parent == nullptr ? kNoSuchPath
                             : add_to(*parent, path.back(), std::move(value));
}

Problem Patcher::remove(const Path& path)
{
    // The whole value can't be removed: something must be published.
    if (path.empty() || find(root_, path) == nullptr) {
        return kNoSuchPath;
    }
    JsonTree& parent = *find(root_, std::span(path).first(path.size() - 1));
    if (parent.is_object()) {
        parent.erase(path.back());
    } else {
        parent.erase(*parse_index(path.back(), parent.size()));
    }
    return std::nullopt;
}

Problem Patcher::replace(const Path& path, JsonTree value)
{
    JsonTree* old = find(root_, path);
    if (old == nullptr) {
        return kNoSuchPath;
    }
    if (!fits(path, value)) {
        return kTooBig;
    }
    *old = std::move(value);
    return std::nullopt;
}

Problem Patcher::test(const Path& path, const JsonTree& value)
{
    const JsonTree* tested = find(root_, path);
    if (tested == nullptr || *tested != value) {
        return Error{Errc::conflict, "a test failed"};
    }
    return std::nullopt;
}

Problem Patcher::move(const Path& from, const Path& path)
{
    JsonTree* source = find(root_, from);
    if (source == nullptr) {
        return kNoSuchPath;
    }
    if (from == path) {
        return std::nullopt;
    }
    if (from.size() < path.size() &&
        std::equal(from.begin(), from.end(), path.begin())) {
        return kNoSuchPath; // into itself
    }
    JsonTree value = std::move(*source);
    if (auto problem = remove(from)) {
        return problem;
    }
    return add(path, std::move(value));
}

Problem Patcher::copy(const Path& from, const Path& path)
{
    const JsonTree* source = find(root_, from);
    if (source == nullptr) {
        return kNoSuchPath;
    }
    // A few operations that copy what was copied could fill all memory.
    copied_bytes_ += json_tree_size(*source).bytes;
    if (copied_bytes_ > max_bytes_) {
        return kTooBig;
    }
    return add(path, *source);
}

// A string member of an operation; nullptr if there is none.
const std::string* text_of(const JsonTree& operation, const char* name)
{
    const auto found = operation.find(name);
    return found == operation.end()
               ? nullptr
               : found->get_ptr<const JsonTree::string_t*>();
}

std::optional<Path> path_of(const JsonTree& operation, const char* name)
{
    const std::string* text = text_of(operation, name);
    return text == nullptr ? std::nullopt : parse_pointer(*text);
}

Problem Patcher::apply(JsonTree& operation)
{
    const std::string* op = text_of(operation, "op");
    const auto path = path_of(operation, "path");
    if (op == nullptr || !path) {
        return kNoJsonPatch;
    }
    if (*op == "remove") {
        return remove(*path);
    }
    if (*op == "move" || *op == "copy") {
        const auto from = path_of(operation, "from");
        if (!from) {
            return kNoJsonPatch;
        }
        return *op == "move" ? move(*from, *path) : copy(*from, *path);
    }
    const auto value = operation.find("value");
    if (value == operation.end()) {
        return kNoJsonPatch;
    }
    if (*op == "add") {
        return add(*path, std::move(*value));
    }
    if (*op == "replace") {
        return replace(*path, std::move(*value));
    }
    return *op == "test" ? test(*path, *value) : Problem(kNoJsonPatch);
}

Problem apply_operations(JsonTree& tree, JsonTree& operations, size_t max_bytes)
{
    if (!operations.is_array()) {
        return kNoJsonPatch;
    }
    if (operations.size() > kMaxPatchOperations) {
        return Error{Errc::limit, "too many operations"};
    }
    Patcher patcher(tree, max_bytes);
    for (JsonTree& operation : operations) {
        const Problem problem =
            operation.is_object() ? patcher.apply(operation) : kNoJsonPatch;
        if (problem) {
            return problem;
        }
    }
    return std::nullopt;
}

Result<std::string> patched(std::string_view value, const Patch& patch,
                            size_t max_bytes)
{
    auto changes = parse_json_tree(patch.text);
    if (!changes) {
        return Error{Errc::bad_request, "the patch is not JSON"};
    }
    auto tree = parse_json_tree(value);
    if (!tree) {
        return Error{Errc::conflict, "the kept value is not JSON"};
    }
    if (patch.kind == PatchKind::merge) {
        tree->merge_patch(*changes);
    } else if (auto problem = apply_operations(*tree, *changes, max_bytes)) {
        return *problem;
    }
    std::string text = json_tree_text(*tree);
    if (text.size() > max_bytes) {
        return kTooBig;
    }
    return text;
}

} // namespace

Result<std::string> apply_patch(std::string_view value, const Patch& patch,
                                size_t max_bytes)
{
    // Everything that the library throws for was asked before.
    try {
        return patched(value, patch, max_bytes);
    } catch (const JsonTree::exception&) {
        return Error{Errc::internal, "the patch could not be applied"};
    }
}

} // namespace ws_pubsub
