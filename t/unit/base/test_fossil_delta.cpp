// Deltas: the other side rebuilds the text from them, byte for byte.
#include <random>
#include <string>

#include "base/fossil_delta.hpp"
#include "base/utf8.hpp"
#include "support/apply_delta.hpp"

#include "cmocka.hpp"

using namespace ws_pubsub;

namespace {

// A random character: ASCII for the most part, then all lengths of UTF-8.
std::string random_char(std::mt19937& random)
{
    static const std::string kChars[] = {"é", "ß", "€", "한", "😀", "𝄞", "\""};
    const auto n = random() % 12;
    return n < std::size(kChars) ? kChars[n]
                                 : std::string(1, "ab{:,"[random() % 5]);
}

std::string random_text(std::mt19937& random, size_t chars)
{
    std::string text;
    for (size_t i = 0; i < chars; i++) {
        text += random_char(random);
    }
    return text;
}

// Where whole characters begin.
size_t random_boundary(std::mt19937& random, const std::string& text)
{
    size_t at = text.empty() ? 0 : random() % (text.size() + 1);
    while (at < text.size() &&
           (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) {
        at++;
    }
    return at;
}

std::string edited(std::mt19937& random, std::string text)
{
    const auto edits = random() % 4;
    for (unsigned i = 0; i < edits; i++) {
        const size_t a = random_boundary(random, text);
        const size_t b = random_boundary(random, text);
        const size_t from = std::min(a, b);
        const size_t size = std::min<size_t>(std::max(a, b) - from, 40);
        std::string piece = text.substr(from, size);
        switch (random() % 3) {
        case 0:
            text.insert(a, random_text(random, random() % 10));
            break;
        case 1:
            if (is_utf8(piece)) {
                text.erase(from, size);
            }
            break;
        default:
            if (is_utf8(piece)) {
                text.insert(random_boundary(random, text), piece);
            }
            break;
        }
    }
    return text;
}

void check(DeltaWriter& writer, const std::string& base,
           const std::string& target)
{
    std::string delta;
    writer.append(delta, base, target);
    std::string rebuilt;
    assert_true(apply_delta(rebuilt, base, delta));
    assert_string_equal(rebuilt.c_str(), target.c_str());
    assert_int_equal(rebuilt.size(), target.size());
    assert_true(is_utf8(delta));
}

// Of a delta that is cut anywhere nothing is made.
void what_is_no_delta_is_refused(void** /*state*/)
{
    const std::string base = "some text that is long enough";
    std::string delta;
    DeltaWriter().append(delta, base, base + " and more");
    for (size_t size = 0; size < delta.size(); size++) {
        std::string rebuilt;
        const std::string cut = delta.substr(0, size);
        assert_false(apply_delta(rebuilt, base, cut));
    }
    for (const char* text : {"L\n0@", "L\n~~~~~~~~~~~@1,", "L\n5@~~~~~~~~~~~,",
                             "1\n~~~~~~~~~~~:a", "1\n1:a;", "2\n1:a1V0000;"}) {
        std::string rebuilt;
        assert_false(apply_delta(rebuilt, base, text));
    }
}

void random_edits_are_rebuilt(void** /*state*/)
{
    std::mt19937 random(20240501);
    DeltaWriter writer;
    for (int i = 0; i < 3000; i++) {
        const std::string base = random_text(random, random() % 300);
        check(writer, base, edited(random, base));
    }
}

void unrelated_texts_are_rebuilt(void** /*state*/)
{
    std::mt19937 random(7);
    DeltaWriter writer;
    for (int i = 0; i < 500; i++) {
        check(writer, random_text(random, random() % 100),
              random_text(random, random() % 100));
    }
}

void edges_are_rebuilt(void** /*state*/)
{
    DeltaWriter writer;
    check(writer, "", "");
    check(writer, "", "new");
    check(writer, "old", "");
    check(writer, "same text, same text", "same text, same text");
    check(writer, std::string(5000, 'a'), std::string(70000, 'a'));
    check(writer, std::string(65536, 'x') + "y", "y" + std::string(65536, 'x'));
    // Characters that share their first or their last bytes.
    check(writer, "12345678é12345678", "12345678è12345678");
    check(writer, "aaaaaaaa😀bbbbbbbb", "aaaaaaaa😁bbbbbbbb");
}

void format_is_as_described(void** /*state*/)
{
    DeltaWriter writer;
    std::string delta;
    writer.append(delta, "0123456789abcdef", "0123456789abcdefXY");
    // 18 is "I"; copy 16 ("G") from 0; insert 2 bytes; the checksum.
    assert_int_equal(delta.find("I\nG@0,2:XY"), 0);
    assert_int_equal(delta.back(), ';');
}

void small_change_is_small(void** /*state*/)
{
    std::string base = "{\"bids\":[";
    for (int i = 0; i < 60; i++) {
        base += "{\"price\":" + std::to_string(10000 + i) +
                ",\"size\":" + std::to_string(i * 37 % 1000) + "},";
    }
    base += "0]}";
    std::string target = base;
    target[target.find("10020") + 13] = '9';
    target[target.find("10040") + 13] = '8';
    DeltaWriter writer;
    std::string delta;
    writer.append(delta, base, target);
    assert_true(delta.size() < 60);
    check(writer, base, target);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_delta_is_refused),
        cmocka_unit_test(random_edits_are_rebuilt),
        cmocka_unit_test(unrelated_texts_are_rebuilt),
        cmocka_unit_test(edges_are_rebuilt),
        cmocka_unit_test(format_is_as_described),
        cmocka_unit_test(small_change_is_small),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
