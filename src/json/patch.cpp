#include "json/patch.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "base/limits.hpp"
#include "base/position_text.hpp"
#include "json/tree.hpp"

namespace ws_pubsub {

namespace {

using Problem = std::optional<Error>;
using Path = std::vector<std::string>; // reference tokens

constexpr Error kNoJsonPatch{Errc::bad_request, "not a JSON Patch"};
constexpr Error kNoSuchPath{Errc::conflict, "no such path", Cause::path};
constexpr Error kNotJson{Errc::conflict, "the kept value is not JSON"};

// With ~0 and ~1 undone (RFC 6901 section 4).
std::optional<std::string> unescape(std::string_view token)
{
    std::string name;
    for (size_t at = 0; at < token.size(); at++) {
        if (token[at] != '~') {
            name += token[at];
            continue;
        }
        at++;
        const char code = at < token.size() ? token[at] : '\0';
        if (code != '0' && code != '1') {
            return std::nullopt;
        }
        name += code == '0' ? '~' : '/';
    }
    return name;
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
        auto token = unescape(text.substr(0, end));
        if (!token || !is_member_name(*token)) {
            return std::nullopt;
        }
        path.push_back(std::move(*token));
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
    auto& elements = parent.get_ref<JsonTree::array_t&>();
    const auto index = parse_index(token, elements.size());
    return index ? &elements[*index] : nullptr;
}

JsonTree* find(JsonTree& root, std::span<const std::string> path)
{
    JsonTree* tree = &root;
    for (const std::string& token : path) {
        tree = tree == nullptr ? nullptr : child_of(*tree, token);
    }
    return tree;
}

// Applies operations to a tree, one after the other. Each costs what it says
// itself, whatever it is about: values are moved, not walked, and compared no
// further than the patch goes. What is copied is, all together, at most what a
// message may be. How deep the tree gets is looked at when it is written.
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
    auto& elements = parent.get_ref<JsonTree::array_t&>();
    const auto index = token == "-" ? elements.size()
                                    : parse_index(token, elements.size() + 1);
    if (!index) {
        return kNoSuchPath;
    }
    elements.insert(*index, std::move(value));
    return std::nullopt;
}

Problem Patcher::add(const Path& path, JsonTree value)
{
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
        auto& elements = parent.get_ref<JsonTree::array_t&>();
        elements.erase(*parse_index(path.back(), elements.size()));
    }
    return std::nullopt;
}

Problem Patcher::replace(const Path& path, JsonTree value)
{
    JsonTree* old = find(root_, path);
    if (old == nullptr) {
        return kNoSuchPath;
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
    const JsonSize size = json_tree_size(*source);
    copied_bytes_ += size.bytes;
    if (copied_bytes_ > max_bytes_) {
        return kTooBig;
    }
    if (size.depth > kMaxJsonDepth) {
        return kValueTooDeep;
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
        return changes.error();
    }
    auto tree = parse_json_tree(value);
    if (!tree) {
        return tree.error().code == Errc::limit ? tree.error() : kNotJson;
    }
    if (patch.kind == PatchKind::merge) {
        tree->merge_patch(*changes);
    } else if (auto problem = apply_operations(*tree, *changes, max_bytes)) {
        return *problem;
    }
    return json_tree_text(*tree, max_bytes);
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
