// The names of topics, and the selectors that pick sets of them.
//
// A topic is a path: 1 to 32 segments joined by '/', none empty, "." or "..",
// at most 255 bytes of UTF-8 without control characters and without '*'. (With
// "." or ".." it could be no part of a URI.) A selector is a topic whose
// segments may be '*', which stands for exactly one segment, and whose last
// segment may be '**', which stands for one or more.
//
// Topics whose first segment begins with '$' are reserved for the module. A
// wildcard in first position does not stand for such a segment: who wants
// these topics must name it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ws_pubsub {

inline constexpr std::string_view kOneSegment = "*";
inline constexpr std::string_view kOneOrMoreSegments = "**";

// Whether `text` is a well-formed topic, reserved or not.
[[nodiscard]] bool is_topic(std::string_view text);

// Whether the first segment of `path` begins with '$'. A selector may be asked
// too: its wildcards don't stand for such a segment.
[[nodiscard]] bool is_reserved(std::string_view path);

// Walks the segments of a path from left to right. The segments point into
// the path.
class SegmentReader {
public:
    explicit SegmentReader(std::string_view path) : path_(path) {}

    // False when there are no more; `segment` is then left alone.
    bool next(std::string_view& segment);

private:
    std::string_view path_;
    size_t at_ = 0; // where the next one begins; past path_.size() at the end
};

// Invariant: text_ is a well-formed selector.
class Selector {
public:
    // Nothing when `text` is not a well-formed selector.
    [[nodiscard]] static std::optional<Selector> parse(std::string_view text);

    // Allocates nothing. REQUIRES: is_topic(topic).
    [[nodiscard]] bool matches(std::string_view topic) const;

    // Whether it has no wildcard, so that it matches the one topic it spells.
    [[nodiscard]] bool is_exact() const { return literal_ == text_.size(); }

    [[nodiscard]] std::string_view text() const { return text_; }

    // The longest text that every matching topic starts with: "prices/fx/" for
    // "prices/fx/*", the topic itself when exact, empty for "*".
    [[nodiscard]] std::string_view literal_prefix() const
    {
        return std::string_view(text_).substr(0, literal_);
    }

    bool operator==(const Selector& other) const
    {
        return text_ == other.text_;
    }

private:
    explicit Selector(std::string_view text);

    std::string text_;
    size_t literal_; // bytes before the first wildcard
};

// Whether the selector of that text matches the topic, for where there is no
// room for an object. REQUIRES: Selector::parse(selector), is_topic(topic).
[[nodiscard]] bool selector_matches(std::string_view selector,
                                    std::string_view topic);

// Whether some topic may be matched by both selectors of these texts.
[[nodiscard]] bool selectors_overlap(std::string_view one,
                                     std::string_view other);

// Whether every topic that `wanted` can match is matched by at least one of
// `allowed`: their union counts, so that {"a/*", "a/*/**"} covers "a/**". A
// list of literals is never taken to exhaust a wildcard. Time: segments *
// segments * allowed.size() at most.
[[nodiscard]] bool covered_by(const Selector& wanted,
                              std::span<const Selector> allowed);

} // namespace ws_pubsub
