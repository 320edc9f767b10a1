// Topics and selectors against naive readings of the same rules.
//
// Input: lines. The first is a topic, the second the wanted selector, the
// others are allowed selectors; those that are not well-formed are passed over.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/topic.hpp"
#include "broker/selector_index.hpp"

namespace ws_pubsub {
namespace {

using Words = std::vector<std::string_view>;

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

Words split(std::string_view text, char by)
{
    Words words;
    size_t at = 0;
    while (true) {
        const size_t end = text.find(by, at);
        words.push_back(text.substr(at, end - at));
        if (end == std::string_view::npos) {
            return words;
        }
        at = end + 1;
    }
}

bool naive_matches(std::string_view selector, std::string_view topic)
{
    const Words pattern = split(selector, '/');
    const Words path = split(topic, '/');
    const bool open = pattern.back() == "**";
    if (open ? path.size() < pattern.size() : path.size() != pattern.size()) {
        return false;
    }
    for (size_t i = 0; i < pattern.size(); ++i) {
        const bool wild = pattern[i] == "*" || pattern[i] == "**";
        if (wild ? i == 0 && path[i].starts_with('$') : pattern[i] != path[i]) {
            return false;
        }
    }
    return true;
}

void check_path(std::string_view text)
{
    const std::optional<Selector> selector = Selector::parse(text);
    const bool starred = text.find('*') != std::string_view::npos;
    require(is_topic(text) == (selector.has_value() && !starred));
    if (selector) {
        require(selector->text() == text);
        require(selector->is_exact() == !starred);
        require(text.starts_with(selector->literal_prefix()));
        require(split(text, '/').size() <= kMaxTopicSegments);
        require(text.size() <= kMaxTopicBytes && !text.empty());
        require(covered_by(*selector, {&*selector, 1}));
    }
}

void check_match(std::string_view topic, const std::vector<Selector>& allowed,
                 const std::optional<Selector>& wanted)
{
    SelectorIndex<const Selector> index;
    for (const Selector& one : allowed) {
        index.add(one, &one);
    }
    std::vector<std::string_view> found;
    index.match(topic,
                [&found](const Selector& one) { found.push_back(one.text()); });
    std::vector<std::string_view> expected;
    for (const Selector& one : allowed) {
        const bool matches = one.matches(topic);
        require(matches == naive_matches(one.text(), topic));
        require(!matches || topic.starts_with(one.literal_prefix()));
        if (matches) {
            expected.push_back(one.text());
        }
    }
    std::sort(expected.begin(), expected.end());
    expected.erase(std::unique(expected.begin(), expected.end()),
                   expected.end());
    std::sort(found.begin(), found.end());
    require(found == expected);
    if (wanted && wanted->matches(topic) && covered_by(*wanted, allowed)) {
        require(!found.empty());
    }
    for (const Selector& one : allowed) {
        index.remove(one);
        require(index.find(one) == nullptr);
    }
    require(index.size() == 0);
}

} // namespace
} // namespace ws_pubsub

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using namespace ws_pubsub;
    const std::vector<char> copy(data, data + size);
    const Words lines = split({copy.data(), copy.size()}, '\n');
    std::optional<Selector> wanted;
    std::vector<Selector> allowed;
    for (size_t i = 0; i < lines.size() && i < 64; ++i) {
        check_path(lines[i]);
        std::optional<Selector> selector = Selector::parse(lines[i]);
        if (i == 1) {
            wanted = selector;
        } else if (i > 1 && selector) {
            allowed.push_back(*std::move(selector));
        }
    }
    if (is_topic(lines[0])) {
        check_match(lines[0], allowed, wanted);
    }
    return 0;
}
