// A wildcard is always a whole segment, so the first '*' of a selector's text
// ends its literal part, and both texts can be walked side by side.
#include "base/topic.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/utf8.hpp"

namespace ws_pubsub {
namespace {

// C0, DEL, and C1 (U+0080 to U+009F, whose UTF-8 is C2 80 to C2 9F).
// REQUIRES: `text` is valid UTF-8.
bool has_control_character(std::string_view text)
{
    unsigned char before = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F || (before == 0xC2 && byte < 0xA0)) {
            return true;
        }
        before = byte;
    }
    return false;
}

// What topics and selectors have in common.
bool is_path(std::string_view text)
{
    if (text.empty() || text.size() > kMaxTopicBytes || !is_utf8(text) ||
        has_control_character(text)) {
        return false;
    }
    size_t count = 0;
    SegmentReader segments(text);
    std::string_view segment;
    while (segments.next(segment)) {
        if (segment.empty() || segment == "." || segment == ".." ||
            ++count > kMaxTopicSegments) {
            return false;
        }
    }
    return true;
}

bool is_covered(std::string_view topic, std::span<const Selector> allowed)
{
    return std::any_of(
        allowed.begin(), allowed.end(),
        [topic](const Selector& selector) { return selector.matches(topic); });
}

} // namespace

bool is_topic(std::string_view text)
{
    return is_path(text) && text.find('*') == std::string_view::npos;
}

bool is_reserved(std::string_view path)
{
    return path.starts_with('$');
}

bool SegmentReader::next(std::string_view& segment)
{
    if (at_ > path_.size()) {
        return false;
    }
    const size_t end = std::min(path_.find('/', at_), path_.size());
    segment = path_.substr(at_, end - at_);
    at_ = end + 1;
    return true;
}

Selector::Selector(std::string_view text)
    : text_(text), literal_(std::min(text.find('*'), text.size()))
{}

std::optional<Selector> Selector::parse(std::string_view text)
{
    if (!is_path(text)) {
        return std::nullopt;
    }
    SegmentReader segments(text);
    std::string_view segment;
    bool ended = false;
    while (segments.next(segment)) {
        if (ended) {
            return std::nullopt;
        }
        ended = segment == kOneOrMoreSegments;
        if (!ended && segment != kOneSegment &&
            segment.find('*') != std::string_view::npos) {
            return std::nullopt;
        }
    }
    return Selector(text);
}

bool Selector::matches(std::string_view topic) const
{
    return selector_matches(text_, topic);
}

bool selector_matches(std::string_view selector, std::string_view topic)
{
    const size_t literal = selector.find('*');
    if (literal == std::string_view::npos) {
        return topic == selector;
    }
    if (!topic.starts_with(selector.substr(0, literal)) ||
        (literal == 0 && is_reserved(topic))) {
        return false;
    }
    SegmentReader mine(selector.substr(literal));
    SegmentReader theirs(topic.substr(literal));
    std::string_view pattern;
    std::string_view segment;
    while (mine.next(pattern)) {
        if (!theirs.next(segment)) {
            return false;
        }
        if (pattern == kOneOrMoreSegments) {
            return true;
        }
        if (pattern != kOneSegment && pattern != segment) {
            return false;
        }
    }
    return !theirs.next(segment);
}

bool selectors_overlap(std::string_view one, std::string_view other)
{
    if (is_reserved(one) != is_reserved(other)) {
        return false;
    }
    SegmentReader left(one);
    SegmentReader right(other);
    std::string_view a;
    std::string_view b;
    for (;;) {
        const bool more = left.next(a);
        if (more != right.next(b)) {
            return false;
        }
        if (!more || a == kOneOrMoreSegments || b == kOneOrMoreSegments) {
            return true;
        }
        if (a != b && a != kOneSegment && b != kOneSegment) {
            return false;
        }
    }
}

// A selector matches a topic segment by segment, so all topics of one length
// that `wanted` matches are covered if the hardest of them is: the one whose
// free segments equal no literal. "*" is such a segment, as no literal may
// contain it; so the hardest topic is the selector's own text, with each "*"
// taken literally and "**" spelled out in every length that a topic may have.
bool covered_by(const Selector& wanted, std::span<const Selector> allowed)
{
    std::string witness(wanted.text());
    if (!witness.ends_with(kOneOrMoreSegments)) {
        return is_covered(witness, allowed);
    }
    witness.pop_back();
    auto segments =
        static_cast<size_t>(std::count(witness.begin(), witness.end(), '/')) +
        1;
    while (segments <= kMaxTopicSegments && witness.size() <= kMaxTopicBytes) {
        if (!is_covered(witness, allowed)) {
            return false;
        }
        witness += "/*";
        ++segments;
    }
    return true;
}

} // namespace ws_pubsub
