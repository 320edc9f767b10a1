// Topic grammar, selectors, and what covers what.
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/topic.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

std::string segments(size_t count, std::string_view segment = "a")
{
    std::string text;
    for (size_t i = 0; i < count; ++i) {
        text += i > 0 ? "/" : "";
        text += segment;
    }
    return text;
}

Selector selector(std::string_view text)
{
    auto parsed = Selector::parse(text);
    if (!parsed) {
        fail_msg("not a selector: %.*s", static_cast<int>(text.size()),
                 text.data());
    }
    return *std::move(parsed);
}

bool covers(std::initializer_list<std::string_view> allowed,
            std::string_view wanted)
{
    std::vector<Selector> list;
    for (const std::string_view text : allowed) {
        list.push_back(selector(text));
    }
    return covered_by(selector(wanted), list);
}

void test_topics(void** /*state*/)
{
    for (const std::string_view text :
         {"a", "a/b", "prices/fx/EURUSD", "$sys/x", "$", "a/$b", " ", "a b",
          "\xC2\xA0", "\xC3\x9F", "\xE2\x82\x80", "a.b-c#+", "...", ".a/b.",
          "..a"}) {
        assert_true(is_topic(text));
        assert_true(Selector::parse(text).has_value());
    }
    assert_true(is_topic(std::string(kMaxTopicBytes, 'a')));
    assert_false(is_topic(std::string(kMaxTopicBytes + 1, 'a')));
    assert_true(is_topic(segments(kMaxTopicSegments)));
    assert_false(is_topic(segments(kMaxTopicSegments + 1)));
}

void test_no_paths(void** /*state*/)
{
    using namespace std::string_view_literals;
    for (const std::string_view text :
         {""sv,         "/"sv,          "/a"sv,
          "a/"sv,       "a//b"sv,       "."sv,
          ".."sv,       "./a"sv,        "a/."sv,
          "a/../b"sv,   "a/.."sv,       "a\0"sv,
          "a\x1F"sv,    "a\nb"sv,       "\x7F"sv,
          "\xC2\x80"sv, "a/\xC2\x9F"sv, "\xFF"sv,
          "a\xC3"sv,    "\xC3/\xA9"sv,  "\xED\xA0\x80"sv}) {
        assert_false(is_topic(text));
        assert_false(Selector::parse(text).has_value());
    }
    // A control character's last byte alone does not make one.
    assert_true(is_topic("\xC3\x80\xC3\x9F"));
}

void test_selector_grammar(void** /*state*/)
{
    for (const std::string_view text :
         {"*", "**", "a/*", "a/**", "*/a", "*/*/**", "$sys/**", "*/a/*"}) {
        assert_true(Selector::parse(text).has_value());
        assert_false(is_topic(text));
    }
    for (const std::string_view text :
         {"a*", "*a", "a/b*", "**/a", "**/**", "***", "a/***", "a/**/*", "a*/b",
          "*/", "/*", "**/"}) {
        assert_false(Selector::parse(text).has_value());
        assert_false(is_topic(text));
    }
    assert_true(Selector::parse(segments(kMaxTopicSegments, "*")).has_value());
    assert_false(
        Selector::parse(segments(kMaxTopicSegments + 1, "*")).has_value());
    const std::string longest = std::string(kMaxTopicBytes - 3, 'a') + "/**";
    assert_true(Selector::parse(longest).has_value());
    assert_false(Selector::parse("a" + longest).has_value());
}

void test_reserved(void** /*state*/)
{
    assert_true(is_reserved("$"));
    assert_true(is_reserved("$sys/x"));
    assert_false(is_reserved("a/$b"));
    assert_false(is_reserved("a$"));
    assert_true(is_reserved("$sys/**"));
    assert_false(is_reserved("*/$b"));
}

void test_matches(void** /*state*/)
{
    struct Case {
        std::string_view selector;
        std::string_view topic;
        bool matches;
    };
    for (const Case& c : std::initializer_list<Case>{
             {"a", "a", true},
             {"a", "b", false},
             {"a", "a/b", false},
             {"a/b", "a", false},
             {"*", "a", true},
             {"*", "a/b", false},
             {"**", "a", true},
             {"**", "a/b/c", true},
             {"a/*", "a", false},
             {"a/*", "a/b", true},
             {"a/*", "a/b/c", false},
             {"a/*", "ab/b", false},
             {"a/**", "a", false},
             {"a/**", "a/b", true},
             {"a/**", "a/b/c/d", true},
             {"a/**", "ab/c", false},
             {"a/*/c", "a/b/c", true},
             {"a/*/c", "a/b/d", false},
             {"a/*/c", "a/b/c/d", false},
             {"a/*/c", "a/b", false},
             {"*/b", "a/b", true},
             {"*/b", "a/c", false},
             {"*/**", "a", false},
             {"*/**", "a/b", true},
             {"a/*/**", "a/b", false},
             {"a/*/**", "a/b/c", true},
             {"*", "$sys", false},
             {"**", "$sys/x", false},
             {"*/x", "$sys/x", false},
             {"$sys/*", "$sys/x", true},
             {"$sys/**", "$sys/x", true},
             {"$sys", "$sys", true},
             {"*/*", "a/$b", true},
             {"a/**", "a/$b", true},
         }) {
        if (selector(c.selector).matches(c.topic) != c.matches) {
            fail_msg("%s %s", c.selector.data(), c.topic.data());
        }
    }
}

void test_parts(void** /*state*/)
{
    assert_true(selector("a/b").is_exact());
    assert_true(selector("a/b").literal_prefix() == "a/b");
    assert_false(selector("*").is_exact());
    assert_true(selector("*").literal_prefix().empty());
    assert_true(selector("prices/fx/*").literal_prefix() == "prices/fx/");
    assert_true(selector("a/*/b/**").literal_prefix() == "a/");
    assert_true(selector("a/*/b/**").text() == "a/*/b/**");
    assert_true(selector("a/*") == selector("a/*"));
    assert_false(selector("a/*") == selector("a/**"));
}

void test_segment_reader(void** /*state*/)
{
    SegmentReader reader("a//bc");
    std::string_view segment;
    assert_true(reader.next(segment) && segment == "a");
    assert_true(reader.next(segment) && segment.empty());
    assert_true(reader.next(segment) && segment == "bc");
    assert_false(reader.next(segment));
    assert_false(reader.next(segment));
    assert_true(segment == "bc");
}

void test_covered(void** /*state*/)
{
    assert_true(covers({"a"}, "a"));
    assert_false(covers({}, "a"));
    assert_false(covers({"a"}, "*"));
    assert_false(covers({"a", "b", "c"}, "*"));
    assert_true(covers({"*"}, "a"));
    assert_true(covers({"**"}, "*"));
    assert_true(covers({"**"}, "**"));
    assert_false(covers({"*"}, "**"));
    assert_true(covers({"a/**"}, "a/*/**"));
    assert_false(covers({"a/*/**"}, "a/**"));
    assert_true(covers({"a/*", "a/*/**"}, "a/**"));
    assert_true(covers({"a/*/*/**", "a/*", "a/*/*"}, "a/**"));
    assert_false(covers({"a/*/*/**", "a/*"}, "a/**"));
    assert_false(covers({"a/b/**", "a/*"}, "a/**"));
    assert_true(covers({"a/*/c"}, "a/b/c"));
    assert_true(covers({"*/b/**"}, "a/b/*"));
    assert_false(covers({"a/*/c"}, "a/*/*"));
}

void test_covered_reserved(void** /*state*/)
{
    assert_false(covers({"**"}, "$sys"));
    assert_false(covers({"**"}, "$sys/**"));
    assert_false(covers({"*/x"}, "$sys/x"));
    assert_true(covers({"$sys/**"}, "$sys/*"));
    assert_false(covers({"$sys/**"}, "**"));
    assert_true(covers({"a/**"}, "a/$b"));
}

// "**" is spelled out up to the limits of a topic, and no further.
void test_covered_at_the_limits(void** /*state*/)
{
    std::vector<Selector> each;
    for (size_t n = 1; n <= kMaxTopicSegments; ++n) {
        each.push_back(selector(segments(n, "*")));
    }
    assert_true(covered_by(selector("**"), each));
    each.pop_back();
    assert_false(covered_by(selector("**"), each));

    const std::string longest(kMaxTopicBytes - 4, 'a');
    const Selector wanted = selector(longest + "/**");
    each = {selector(longest + "/*")};
    assert_false(covered_by(wanted, each));
    each.push_back(selector(longest + "/*/*"));
    assert_true(covered_by(wanted, each)); // a third segment has no room
}

// Selectors of up to 3 segments behave alike on all topics of 4 and more, so
// trying all topics of up to 4 over {a, b, fresh, $r} decides coverage.
void test_covered_by_brute_force(void** /*state*/)
{
    std::vector<std::string> topics = {"a", "b", "x", "$r"};
    for (size_t i = 0; i < topics.size() && topics[i].size() < 8; ++i) {
        for (const char* segment : {"a", "b", "x"}) {
            topics.push_back(topics[i] + "/" + segment);
        }
    }
    std::minstd_rand random(1);
    const auto below = [&random](unsigned n) {
        return random() % n;
    };
    const auto draw = [&below]() {
        const char* const words[] = {"a", "b", "*", "*", "**"};
        std::string text = below(8) == 0 ? "$r" : words[below(5)];
        for (size_t n = below(3); n > 0 && !text.ends_with("**"); --n) {
            text += std::string("/") + words[below(5)];
        }
        return selector(text);
    };
    unsigned covered = 0;
    for (int round = 0; round < 20000; ++round) {
        const Selector wanted = draw();
        std::vector<Selector> allowed;
        for (size_t n = below(6); n > 0; --n) {
            allowed.push_back(draw());
        }
        bool expected = true;
        for (const std::string& topic : topics) {
            bool matched = false;
            for (const Selector& one : allowed) {
                matched = matched || one.matches(topic);
            }
            expected = expected && (matched || !wanted.matches(topic));
        }
        assert_int_equal(covered_by(wanted, allowed), expected);
        covered += expected ? 1 : 0;
    }
    assert_in_range(covered, 2000, 18000); // both answers were tried
}

void test_overlap(void** /*state*/)
{
    const struct {
        const char* one;
        const char* other;
        bool overlap;
    } cases[] = {
        {"a/b", "a/b", true},     {"a/b", "a/c", false},
        {"**", "*", true},        {"a/**", "a/b/*", true},
        {"a/**", "a", false},     {"a/*", "*/b", true},
        {"a/*", "a/*/b", false},  {"a/*/c", "a/b/**", true},
        {"*/b/**", "a/**", true}, {"a/b/**", "a/c/**", false},
        {"$x/*", "**", false},    {"$x/*", "$x/**", true},
        {"*/*/**", "a/b", false},
    };
    for (const auto& each : cases) {
        assert_int_equal(selectors_overlap(each.one, each.other), each.overlap);
        assert_int_equal(selectors_overlap(each.other, each.one), each.overlap);
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_topics),
        cmocka_unit_test(test_no_paths),
        cmocka_unit_test(test_selector_grammar),
        cmocka_unit_test(test_reserved),
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_segment_reader),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_covered),
        cmocka_unit_test(test_covered_reserved),
        cmocka_unit_test(test_covered_at_the_limits),
        cmocka_unit_test(test_covered_by_brute_force),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
