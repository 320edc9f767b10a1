#include "json/tree.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/limits.hpp"
#include "json/check.hpp"
#include "json/decimal.hpp"
#include "json/text.hpp"

namespace ws_pubsub {

namespace {

constexpr double kExactFloats = 9007199254740992.0; // 2^53

template <class Number, class... Format>
void append_chars(std::string& out, Number number, Format... format)
{
    char buffer[64];
    const auto end = buffer + sizeof(buffer);
    out.append(buffer, std::to_chars(buffer, end, number, format...).ptr);
}

// The shortest text that means this double. It shows that it is no integer.
std::string float_text(double value)
{
    constexpr double kSmall = 1e-6;
    std::string text;
    append_chars(text, value,
                 value == 0 || std::fabs(value) >= kSmall
                     ? std::chars_format::fixed
                     : std::chars_format::scientific);
    text += text.find_first_of(".e") == std::string::npos ? ".0" : "";
    return text;
}

// Makes the tree of what the parser tells. Each function returns whether to go
// on.
// NOLINTNEXTLINE(bugprone-exception-escape): freeing a tree allocates a little
class TreeBuilder final : public nlohmann::json_sax<JsonTree> {
public:
    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(int64_t value) override { return add(value); }
    bool number_unsigned(uint64_t value) override
    {
        return value <= INT64_MAX ? add(static_cast<int64_t>(value))
                                  : add(kExactNumber + std::to_string(value));
    }
    bool number_float(double value, const std::string& text) override;
    bool string(std::string& value) override { return add(std::move(value)); }
    bool binary(JsonTree::binary_t& /*value*/) override { return false; }

    bool start_object(size_t /*members*/) override
    {
        return open(JsonTree::object());
    }
    bool key(std::string& name) override
    {
        name_ = std::move(name);
        return is_member_name(name_);
    }
    bool end_object() override { return close(); }
    bool start_array(size_t /*elements*/) override
    {
        return open(JsonTree::array());
    }
    bool end_array() override { return close(); }
    bool parse_error(size_t /*at*/, const std::string& /*token*/,
                     const nlohmann::detail::exception& /*error*/) override
    {
        return false;
    }

    JsonTree& root() { return root_; }
    [[nodiscard]] bool too_deep() const { return too_deep_; }

private:
    JsonTree& place(JsonTree value)
    {
        if (open_.empty()) {
            return root_ = std::move(value);
        }
        JsonTree& parent = *open_.back();
        if (parent.is_array()) {
            auto& elements = parent.get_ref<JsonTree::array_t&>();
            elements.push_back(std::move(value));
            return elements.back();
        }
        // Of several members of one name the last counts.
        return parent[std::move(name_)] = std::move(value);
    }
    bool add(JsonTree value)
    {
        place(std::move(value));
        return true;
    }
    bool open(JsonTree value)
    {
        too_deep_ = open_.size() == kMaxJsonDepth;
        if (too_deep_) {
            return false;
        }
        open_.push_back(&place(std::move(value)));
        return true;
    }
    bool close()
    {
        open_.pop_back();
        return true;
    }

    JsonTree root_;
    std::vector<JsonTree*> open_; // arrays and objects, outermost first
    std::string name_;
    bool too_deep_ = false;
};

bool TreeBuilder::number_float(double value, const std::string& text)
{
    const auto exact = parse_decimal(text);
    if (!exact) {
        return false;
    }
    if (std::fabs(value) < kExactFloats &&
        parse_decimal(float_text(value)) == exact) {
        return add(value);
    }
    const std::string digits = decimal_text(*exact);
    if (digits.find_first_of(".e") == std::string::npos) {
        // As an integer that came without a point.
        int64_t integer = 0;
        const auto end = digits.data() + digits.size();
        const auto result = std::from_chars(digits.data(), end, integer);
        if (result.ec == std::errc() && result.ptr == end) {
            return add(integer);
        }
    }
    return add(kExactNumber + digits);
}

// Appends a value that has nothing inside.
void append_scalar(std::string& out, const JsonTree& tree)
{
    switch (tree.type()) {
    case JsonTree::value_t::boolean:
        out += tree.get<bool>() ? "true" : "false";
        break;
    case JsonTree::value_t::number_integer:
        append_chars(out, tree.get<int64_t>());
        break;
    case JsonTree::value_t::number_float:
        out += float_text(tree.get<double>());
        break;
    case JsonTree::value_t::string: {
        const auto& text = tree.get_ref<const std::string&>();
        if (text.starts_with(kExactNumber)) {
            out.append(text, 1);
        } else {
            append_json_string(out, text);
        }
        break;
    }
    default:
        out += "null";
        break;
    }
}

// An array or object, and how far it has been walked.
struct Walk {
    const JsonTree* tree;
    JsonTree::const_iterator next;
};

// Appends what begins a value: all of it, unless it has something inside.
void append_start(std::string& out, const JsonTree& tree,
                  std::vector<Walk>& open)
{
    if (tree.is_structured()) {
        out += tree.is_array() ? '[' : '{';
        open.push_back({&tree, tree.cbegin()});
    } else {
        append_scalar(out, tree);
    }
}

} // namespace

Result<JsonTree> parse_json_tree(std::string_view text)
{
    TreeBuilder builder;
    bool whole = false;
    try {
        whole = JsonTree::sax_parse(text.begin(), text.end(), &builder);
    } catch (const JsonTree::exception&) {
        whole = false;
    }
    if (whole) {
        return std::move(builder.root());
    }
    return builder.too_deep() ? kValueTooDeep
                              : Error{Errc::bad_request, json_fault(text)};
}

Result<std::string> json_tree_text(const JsonTree& tree, size_t max_bytes)
{
    std::string out;
    std::vector<Walk> open;
    append_start(out, tree, open);
    while (!open.empty()) {
        if (open.size() > kMaxJsonDepth) {
            return kValueTooDeep;
        }
        if (out.size() > max_bytes) {
            return kTooBig;
        }
        Walk& walk = open.back();
        const JsonTree& parent = *walk.tree;
        if (walk.next == parent.cend()) {
            out += parent.is_array() ? ']' : '}';
            open.pop_back();
            continue;
        }
        out += walk.next == parent.cbegin() ? "" : ",";
        if (parent.is_object()) {
            append_json_string(out, walk.next.key());
            out += ':';
        }
        const JsonTree& child = *walk.next;
        ++walk.next;
        append_start(out, child, open); // may move `walk`
    }
    if (out.size() > max_bytes) {
        return kTooBig;
    }
    return out;
}

JsonSize json_tree_size(const JsonTree& tree)
{
    JsonSize size;
    std::vector<Walk> open;
    const auto enter = [&](const JsonTree& value) {
        size.bytes++;
        if (value.is_structured()) {
            open.push_back({&value, value.cbegin()});
            size.depth = std::max(size.depth, open.size());
        } else if (value.is_string()) {
            size.bytes += value.get_ref<const std::string&>().size();
        }
    };
    enter(tree);
    while (!open.empty()) {
        Walk& walk = open.back();
        if (walk.next == walk.tree->cend()) {
            open.pop_back();
            continue;
        }
        size.bytes += walk.tree->is_object() ? walk.next.key().size() : 0;
        const JsonTree& child = *walk.next;
        ++walk.next;
        enter(child);
    }
    return size;
}

} // namespace ws_pubsub
