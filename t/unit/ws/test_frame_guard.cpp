// FrameGuard: a case for each rule, each fed whole, byte by byte and cut at
// every place, with the same events.
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "ws/client_frames.hpp"
#include "ws/frame_guard.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using namespace std::string_literals;
using Kind = FrameGuard::Kind;

constexpr GuardLimits kSmall = {300, false};
constexpr GuardLimits kDeflate = {300, true}; // 364 compressed
constexpr GuardLimits kLarge = {100000, false};

// Events in words: "data:<bytes>", "ping:<payload>", "close:1000:<reason>",
// "violation:1002"; neighbouring data are one.
using Events = std::vector<std::string>;

void note(const FrameGuard::Event& event, Events& out)
{
    switch (event.kind) {
    case Kind::data:
        assert_false(event.bytes.empty());
        if (out.empty() || !out.back().starts_with("data:")) {
            out.emplace_back("data:");
        }
        out.back() += event.bytes;
        break;
    case Kind::ping:
        out.push_back("ping:" + std::string(event.bytes));
        break;
    case Kind::pong:
        out.push_back("pong:" + std::string(event.bytes));
        break;
    case Kind::close:
        out.push_back("close:" + std::to_string(event.code) + ":" +
                      std::string(event.reason));
        break;
    case Kind::violation:
        assert_false(event.reason.empty());
        assert_true(event.bytes.empty());
        out.push_back("violation:" + std::to_string(event.code));
        break;
    case Kind::need_more:
        fail();
    }
}

void feed(FrameGuard& guard, std::string_view input, Events& out)
{
    // A copy of just that size: reading outside it is an error.
    const std::vector<char> copy(input.begin(), input.end());
    std::string_view rest(copy.data(), copy.size());
    while (true) {
        const FrameGuard::Event event = guard.next(rest);
        if (event.kind == Kind::need_more) {
            assert_true(rest.empty());
            return;
        }
        note(event, out);
    }
}

void expect_events(const char* name, const GuardLimits& limits,
                   const std::string& input, const Events& expected)
{
    Events whole;
    FrameGuard one(limits);
    feed(one, input, whole);
    if (whole != expected) {
        fail_msg("%s: %s", name, whole.empty() ? "" : whole.back().c_str());
    }
    Events bytewise;
    FrameGuard two(limits);
    for (const char& c : input) {
        feed(two, {&c, 1}, bytewise);
    }
    if (bytewise != expected) {
        fail_msg("%s, byte by byte", name);
    }
    const size_t step = input.size() < 2000 ? 1 : 997;
    for (size_t cut = 0; cut <= input.size(); cut += step) {
        Events halves;
        FrameGuard three(limits);
        feed(three, std::string_view(input).substr(0, cut), halves);
        feed(three, std::string_view(input).substr(cut), halves);
        if (halves != expected) {
            fail_msg("%s, cut at %zu", name, cut);
        }
    }
}

void expect_pass(const char* name, const GuardLimits& limits,
                 const std::string& input)
{
    expect_events(name, limits, input, {"data:" + input});
}

// After `before`, which is good data, `bad` fails; what follows is dropped.
void expect_violation(const char* name, const GuardLimits& limits,
                      const std::string& before, const std::string& bad,
                      int code)
{
    Events expected;
    if (!before.empty()) {
        expected.push_back("data:" + before);
    }
    expected.push_back("violation:" + std::to_string(code));
    expect_events(name, limits, before + bad, expected);
    expect_events(name, limits, before + bad + frame(kFin | kPing, "late"),
                  expected);
}

void test_data_frames(void** /*state*/)
{
    expect_events("nothing", kSmall, "", {});
    expect_pass("text", kSmall, frame(kFin | kText, "hello"));
    expect_pass("binary", kSmall, frame(kFin | kBinary, "\x00\xFF"s));
    expect_pass("empty", kSmall, frame(kFin | kText, ""));
    expect_pass("125", kSmall, frame(kFin | kText, std::string(125, 'a')));
    expect_pass("126", kSmall, frame(kFin | kText, std::string(126, 'a')));
    expect_pass("300", kSmall, frame(kFin | kText, std::string(300, 'a')));
    expect_pass("65535", kLarge, frame(kFin | kText, std::string(65535, 'a')));
    expect_pass("65536", kLarge, frame(kFin | kText, std::string(65536, 'a')));
    expect_pass("two", kSmall,
                frame(kFin | kText, "a") + frame(kFin | kBinary, "b"));
    expect_pass("fragments", kSmall,
                frame(kText, "a") + frame(0, "") + frame(kFin, "b") +
                    frame(kFin | kBinary, "c"));
}

void test_incomplete(void** /*state*/)
{
    const std::string ping = frame(kFin | kPing, "ping");
    expect_events("ping", kSmall, ping.substr(0, ping.size() - 1), {});
    const std::string text = frame(kFin | kText, "abc");
    expect_events("header", kSmall, text.substr(0, 5), {});
    expect_pass("payload", kSmall, text.substr(0, 8));
}

void test_control_frames(void** /*state*/)
{
    const std::string longest(125, 'p');
    expect_events("ping", kSmall, frame(kFin | kPing, "hi"), {"ping:hi"});
    expect_events("pong", kSmall, frame(kFin | kPong, "\0x"s), {"pong:\0x"s});
    expect_events("empty", kSmall, frame(kFin | kPing, ""), {"ping:"});
    expect_events("125", kSmall, frame(kFin | kPing, longest),
                  {"ping:" + longest});
    expect_events("burst", kSmall,
                  frame(kFin | kPing, "1") + frame(kFin | kPing, "2") +
                      frame(kFin | kPong, "") + close_frame(1000),
                  {"ping:1", "ping:2", "pong:", "close:1000:"});
    const std::string first = frame(kText, "a");
    const std::string last = frame(kFin, "b");
    expect_events("between fragments", kSmall,
                  first + frame(kFin | kPing, "1") + last,
                  {"data:" + first, "ping:1", "data:" + last});
    expect_events(
        "between compressed fragments", kDeflate,
        frame(kFrameRsv1 | kText, "a") + frame(kFin | kPing, "") + last,
        {"data:" + frame(kFrameRsv1 | kText, "a"), "ping:", "data:" + last});
}

void test_close(void** /*state*/)
{
    expect_events("no code", kSmall, frame(kFin | kClose, ""), {"close:1005:"});
    expect_events("reason", kSmall, close_frame(1001, "away"),
                  {"close:1001:away"});
    expect_events("longest", kSmall, close_frame(4999, std::string(123, 'r')),
                  {"close:4999:" + std::string(123, 'r')});
    expect_events("all else is dropped", kSmall,
                  close_frame(1000) + frame(kFin | kText, "late") + "\xFF\x00"s,
                  {"close:1000:"});
    expect_events("within a message", kSmall,
                  frame(kText, "a") + close_frame(1000),
                  {"data:" + frame(kText, "a"), "close:1000:"});
    expect_violation("1 byte", kSmall, "", frame(kFin | kClose, "\x03"), 1002);
    expect_violation("bad UTF-8", kSmall, "", close_frame(1000, "\xC3("), 1007);
    expect_violation("cut UTF-8", kSmall, "", close_frame(1000, "\xC3"), 1007);
    expect_violation("code before reason", kSmall, "",
                     close_frame(1005, "\xFF"), 1002);
}

void test_every_close_code(void** /*state*/)
{
    for (unsigned code = 0; code <= 0xFFFF; ++code) {
        const bool allowed = (code >= 1000 && code <= 1014 && code != 1004 &&
                              code != 1005 && code != 1006) ||
                             (code >= 3000 && code < 5000);
        const std::string input = close_frame(code);
        std::string_view rest = input;
        FrameGuard guard(kSmall);
        const FrameGuard::Event event = guard.next(rest);
        assert_int_equal(event.code, allowed ? code : 1002U);
        assert_true(event.kind == (allowed ? Kind::close : Kind::violation));
    }
}

void test_first_byte(void** /*state*/)
{
    const std::string good = frame(kFin | kText, "ok");
    const std::string open = frame(kText, "ok");
    for (const unsigned rsv : {0x10U, 0x20U, 0x30U, 0x50U, 0x60U, 0x70U}) {
        expect_violation("RSV2, RSV3", kDeflate, good,
                         frame(kFin | kText | rsv, "a"), 1002);
        expect_violation("RSV2, RSV3", kDeflate, good,
                         frame(kFin | kPing | rsv, "a"), 1002);
    }
    for (const unsigned opcode :
         {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
        expect_violation("opcode", kSmall, good, frame(kFin | opcode, ""),
                         1002);
        expect_violation("opcode", kSmall, open, frame(opcode, ""), 1002);
    }
    for (const unsigned opcode : {kClose, kPing, kPong}) {
        expect_violation("fragmented", kSmall, good, frame(opcode, ""), 1002);
        expect_violation("compressed", kDeflate, open,
                         frame(kFin | kFrameRsv1 | opcode, ""), 1002);
    }
    expect_violation("RSV1", kSmall, good,
                     frame(kFin | kFrameRsv1 | kText, "a"), 1002);
    expect_violation("RSV1 on a continuation", kDeflate, open,
                     frame(kFin | kFrameRsv1, "a"), 1002);
    expect_pass("RSV1", kDeflate, frame(kFin | kFrameRsv1 | kBinary, "a"));
}

void test_fragmentation(void** /*state*/)
{
    const std::string good = frame(kFin | kText, "ok");
    const std::string open = frame(kText, "ok");
    expect_violation("no message", kSmall, "", frame(kFin, "a"), 1002);
    expect_violation("no message", kSmall, "", frame(0, "a"), 1002);
    expect_violation("message over", kSmall, good, frame(0, "a"), 1002);
    expect_violation("message over", kSmall, open + frame(kFin, ""),
                     frame(0, "a"), 1002);
    for (const unsigned first : {0x01U, 0x02U, 0x81U, 0x82U}) {
        expect_violation("message within", kSmall, open, frame(first, "a"),
                         1002);
    }
}

void test_second_byte(void** /*state*/)
{
    const std::string good = frame(kFin | kText, "ok");
    expect_violation("unmasked", kSmall, good,
                     "\x81\x01"
                     "a",
                     1002);
    expect_violation("unmasked ping", kSmall, good, "\x89\x00"s, 1002);
    for (const unsigned opcode : {kClose, kPing, kPong}) {
        expect_violation("126 bytes", kSmall, good,
                         frame(kFin | opcode, std::string(126, 'a')), 1002);
        expect_violation("long form", kSmall, good, header(kFin | opcode, 5, 2),
                         1002);
        expect_violation("longest form", kSmall, good,
                         header(kFin | opcode, 5, 8), 1002);
    }
}

void test_length(void** /*state*/)
{
    const std::string good = frame(kFin | kText, "ok");
    for (const uint64_t length : {0U, 1U, 125U}) {
        expect_violation("2 bytes", kLarge, good, header(0x81, length, 2),
                         1002);
    }
    for (const uint64_t length : {0U, 125U, 126U, 65535U}) {
        expect_violation("8 bytes", kLarge, good, header(0x81, length, 8),
                         1002);
    }
    expect_violation("top bit", kLarge, good, header(0x81, 1ULL << 63, 8),
                     1002);
    expect_violation("all bits", kLarge, good, header(0x81, UINT64_MAX, 8),
                     1002);
    expect_violation("huge", kLarge, good, header(0x81, INT64_MAX, 8), 1009);
    // Told without the masking key and the payload.
    expect_events("early", kSmall, "\x81\xFE\x01\x2D"s, {"violation:1009"});
}

void test_message_size(void** /*state*/)
{
    const std::string open = frame(kText, std::string(200, 'a'));
    expect_pass("exactly", kSmall,
                open + frame(0, std::string(99, 'a')) + frame(kFin, "a"));
    expect_violation("fragments", kSmall, open,
                     frame(kFin, std::string(101, 'a')), 1009);
    expect_violation("not final", kSmall, open, frame(0, std::string(101, 'a')),
                     1009);
    expect_violation("three", kSmall, open + frame(0, std::string(100, 'a')),
                     frame(kFin, "a"), 1009);
    expect_violation("single", kSmall, "",
                     frame(kFin | kText, std::string(301, 'a')), 1009);
    expect_pass("counted anew", kSmall,
                open + frame(kFin, "") + open +
                    frame(kFin, std::string(100, 'a')) +
                    frame(kFin | kText, std::string(300, 'a')));
    expect_events("control frames don't count", kSmall,
                  open + frame(kFin | kPing, std::string(101, 'p')) +
                      frame(kFin, std::string(100, 'a')),
                  {"data:" + open, "ping:" + std::string(101, 'p'),
                   "data:" + frame(kFin, std::string(100, 'a'))});
    expect_violation("none", {0, false}, frame(kFin | kText, ""),
                     frame(kFin | kText, "a"), 1009);
    // No limit to speak of, and no overflow.
    const std::string endless = header(0x81, INT64_MAX / 2, 8);
    expect_pass("unlimited", {SIZE_MAX, false}, endless);
}

void test_compressed_message_size(void** /*state*/)
{
    const unsigned zipped = kFrameRsv1 | kText;
    const std::string open = frame(zipped, std::string(200, 'a'));
    expect_pass("overhead", kDeflate,
                frame(kFin | zipped, std::string(364, 'a')));
    expect_violation("more", kDeflate, "",
                     frame(kFin | zipped, std::string(365, 'a')), 1009);
    expect_pass("fragments", kDeflate,
                open + frame(kFin, std::string(164, 'a')));
    expect_violation("fragments", kDeflate, open,
                     frame(kFin, std::string(165, 'a')), 1009);
    expect_violation("not compressed", kDeflate, open + frame(kFin, ""),
                     frame(kFin | kText, std::string(301, 'a')), 1009);
    expect_violation("fragments, not compressed", kDeflate,
                     frame(kText, std::string(300, 'a')), frame(kFin, "a"),
                     1009);
    const std::string most(100000 + 100 + 64, 'a');
    expect_pass("a thousandth", {100000, true}, frame(kFin | zipped, most));
    expect_violation("a thousandth", {100000, true}, "",
                     frame(kFin | zipped, most + "a"), 1009);
}

// What arrives in one piece is passed on in place, a frame at a time.
void test_zero_copy(void** /*state*/)
{
    const std::string first = frame(kFin | kText, "hello");
    const std::string input = first + frame(kFin | kText, "you");
    std::string_view rest = input;
    FrameGuard guard(kSmall);
    FrameGuard::Event event = guard.next(rest);
    assert_ptr_equal(event.bytes.data(), input.data());
    assert_int_equal(event.bytes.size(), first.size());
    event = guard.next(rest);
    assert_ptr_equal(event.bytes.data(), input.data() + first.size());
    assert_true(rest.empty());

    rest = std::string_view(input).substr(0, 3);
    assert_true(guard.next(rest).kind == Kind::need_more);
    rest = std::string_view(input).substr(3, first.size() - 3);
    event = guard.next(rest); // the header that was withheld
    assert_true(event.bytes == first.substr(0, 6));
    event = guard.next(rest);
    assert_ptr_equal(event.bytes.data(), input.data() + 6);
    assert_true(event.bytes == first.substr(6));
    assert_true(guard.next(rest).kind == Kind::need_more);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_data_frames),
        cmocka_unit_test(test_incomplete),
        cmocka_unit_test(test_control_frames),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_every_close_code),
        cmocka_unit_test(test_first_byte),
        cmocka_unit_test(test_fragmentation),
        cmocka_unit_test(test_second_byte),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_message_size),
        cmocka_unit_test(test_compressed_message_size),
        cmocka_unit_test(test_zero_copy),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
