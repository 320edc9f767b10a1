// Commands as clients write them, and what they mean.
#include <deque>
#include <set>
#include <string>

#include "json/check.hpp"
#include "proto/command.hpp"
#include "support/asserts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using namespace std::string_view_literals;
using Kind = CommandReader::Kind;

// A text and its reader, for as long as a command has views into them.
struct Kept {
    explicit Kept(std::string_view from) : text(from), reader(text) {}

    std::string text;
    CommandReader reader;
};

// The one command of the text. It stays until the program ends.
const Command& read(std::string_view text)
{
    static std::deque<Kept> kept;
    CommandReader& reader = kept.emplace_back(text).reader;
    if (reader.next() != Kind::command) {
        fail_msg("no command: %s", std::string(text).c_str());
    }
    CommandReader again(text);
    assert_true(again.next() == Kind::command);
    assert_true(again.next() == Kind::end);
    return reader.command();
}

void test_ops(void** /*state*/)
{
    assert_true(read(R"({"op":"ping"})").op == Op::ping);
    assert_true(read(R"({"op":"sub","topic":"a"})").op == Op::subscribe);
    assert_true(read(R"({"op":"unsub","topic":"a"})").op == Op::unsubscribe);
    assert_true(read(R"({"op":"pub","topic":"a","data":1})").op == Op::publish);
    assert_true(read(R"({"op":"get","topic":"a"})").op == Op::get);
    assert_true(read(R"({"op":"history","topic":"a","last":1})").op ==
                Op::history);
}

void test_topics(void** /*state*/)
{
    assert_text(read(R"({"op":"sub","topic":"a/*/**"})").topic, "a/*/**");
    assert_text(read(R"({"op":"get","topic":"a/*"})").topic, "a/*");
    assert_text(read(R"({"op":"sub","topic":"\u0061\/\u00e4"})").topic,
                "a/\xC3\xA4");
    assert_text(read(R"({"op":"sub","topic":"\ud83d\ude00"})").topic,
                "\xF0\x9F\x98\x80");
}

// They come back as they were, whatever they are.
void test_ids(void** /*state*/)
{
    const auto id = [](std::string_view text) {
        return read(R"({"op":"ping","id":)" + std::string(text) + "}").id;
    };
    assert_text(read(R"({"op":"ping"})").id, "");
    for (const char* text :
         {"0", "1", "-1", "9223372036854775807", "-9223372036854775808",
          R"("")", R"("x")", R"("1")", R"("a\"b\\")", "\"\xC3\xA4\""}) {
        assert_text(id(text), text);
    }
    assert_text(id(R"("\u0000\u0041")"), R"("\u0000A")");
    const std::string longest = '"' + std::string(64, 'x') + '"';
    assert_text(id(longest), longest);
}

// Numbers beyond 64 bits elsewhere in the frame change nothing about an id.
void test_ids_beside_big_numbers(void** /*state*/)
{
    for (const char* id :
         {"7", "-7", "9007199254740993", "9223372036854775807"}) {
        const Command command = read(
            R"({"op":"pub","topic":"a","data":123456789012345678901,"id":)" +
            std::string(id) + "}");
        assert_text(command.id, id);
        assert_text(command.payload, "123456789012345678901");
    }
}

void test_where_a_subscription_starts(void** /*state*/)
{
    using From = ReadFrom::Kind;
    Start start = read(R"({"op":"sub","topic":"a/*"})").options.start;
    assert_true(start.from.kind == From::value);
    assert_true(start.positions.empty());
    start = read(R"({"op":"sub","topic":"a/*","since":"new"})").options.start;
    assert_true(start.from.kind == From::nothing);
    start =
        read(R"({"op":"sub","topic":"a/*","since":{"last":5}})").options.start;
    assert_true(start.from.kind == From::last);
    assert_int_equal(start.from.last, 5);
    start = read(R"({"op":"sub","topic":"a","since":{"last":9999999999}})")
                .options.start;
    assert_int_equal(start.from.last, UINT32_MAX);

    start = read(R"({"op":"sub","topic":"a","since":{"epoch":"z1","seq":5}})")
                .options.start;
    assert_int_equal(start.positions.size(), 1);
    assert_true((start.positions.at("a") == Position{35 * 36 + 1, 5}));
}

void test_positions(void** /*state*/)
{
    const Start start =
        read(R"({"op":"sub","topic":"**","since":"new","positions":{
            "a/b":{"epoch":"1","seq":0},
            "c":{"epoch":"2","seq":18014398509481984}}})")
            .options.start;
    assert_true(start.from.kind == ReadFrom::Kind::nothing);
    assert_int_equal(start.positions.size(), 2);
    assert_true((start.positions.at("a/b") == Position{1, 0}));
    assert_true((start.positions.at("c") == Position{2, 1ULL << 54}));
}

// An epoch that is none of ours is one that does not hold, no error.
void test_strange_epochs(void** /*state*/)
{
    for (const char* epoch : {"", "0", "?", "zzzzzzzzzzzzzzzzzzzz", "a b"}) {
        const Command command =
            read(R"({"op":"sub","topic":"a","since":{"seq":5,"epoch":")" +
                 std::string(epoch) + "\"}}");
        assert_int_equal(command.options.start.positions.at("a").epoch,
                         UINT64_MAX);
    }
}

void test_payloads(void** /*state*/)
{
    // A value comes through byte for byte.
    Command command =
        read(R"({"op":"pub","topic":"a","data": {"z":1, "a":1.0e2,"z":2} })");
    assert_true(command.kind == PayloadKind::json);
    assert_text(command.payload, R"({"z":1, "a":1.0e2,"z":2})");
    for (const char* data : {"null", "false", "0", R"("")", "[]", "-0.0",
                             "123456789012345678901"}) {
        command = read(R"({"op":"pub","topic":"a","data":)" +
                       std::string(data) + "}");
        assert_text(command.payload, data);
    }

    command = read(R"({"op":"pub","topic":"a","text":"x\u0000\n\u00e4"})");
    assert_true(command.kind == PayloadKind::text);
    assert_text(command.payload, "x\0\n\xC3\xA4"sv);

    command = read(R"({"op":"pub","topic":"a","b64":"AP8="})");
    assert_true(command.kind == PayloadKind::binary);
    assert_text(command.payload, "\0\xff"sv);
    assert_text(read(R"({"op":"pub","topic":"a","b64":""})").payload, "");
}

void test_data_is_the_member_that_counts(void** /*state*/)
{
    assert_text(read(R"({"op":"pub","topic":"a","data":1,"data":[2]})").payload,
                "[2]");
    assert_text(read(R"({"op":"pub","topic":"a","d\u0061ta":3})").payload, "3");
    assert_text(
        read(R"({"x":{"data":1},"op":"pub","topic":"a","data":4})").payload,
        "4");
}

void test_conditions_and_keys(void** /*state*/)
{
    const std::string pub = R"({"op":"pub","topic":"a","data":1)";
    Command command = read(pub + "}");
    assert_true(command.condition.kind == Condition::Kind::none);
    assert_text(command.idempotency_key, "");
    command = read(pub + R"(,"if":"absent","key":"k\u0000"})");
    assert_true(command.condition.kind == Condition::Kind::absent);
    assert_text(command.idempotency_key, "k\0"sv);
    command = read(pub + R"(,"if":{"epoch":"1","seq":2}})");
    assert_true(command.condition.kind == Condition::Kind::at);
    assert_true((command.condition.at == Position{1, 2}));
    const std::string key(kMaxIdempotencyKeyBytes, 'k');
    assert_text(read(pub + ",\"key\":\"" + key + "\"}").idempotency_key, key);
}

void test_pages(void** /*state*/)
{
    Command command = read(R"({"op":"get","topic":"**"})");
    assert_int_equal(command.limit, 0);
    assert_text(command.after, "");
    command = read(R"({"op":"get","topic":"**","after":"a/b","limit":1000})");
    assert_int_equal(command.limit, 1000);
    assert_text(command.after, "a/b");
}

void test_history(void** /*state*/)
{
    Command command =
        read(R"({"op":"history","topic":"a","last":7,"limit":1})");
    assert_true(command.options.start.from.kind == ReadFrom::Kind::last);
    assert_int_equal(command.options.start.from.last, 7);
    assert_int_equal(command.limit, 1);
    command =
        read(R"({"op":"history","topic":"a","since":{"epoch":"5","seq":6}})");
    assert_true(command.options.start.from.kind == ReadFrom::Kind::after);
    assert_true((command.options.start.from.after == Position{5, 6}));
}

void test_members_that_nobody_knows(void** /*state*/)
{
    assert_true(read(R"({"op":"ping","x":[{}],"":0})").op == Op::ping);
    assert_true(read(R"({"op":"sub","topic":"a","delta":false})").op ==
                Op::subscribe);
}

void test_several_in_a_frame(void** /*state*/)
{
    CommandReader reader("\n {\"op\":\"ping\",\"id\":1}\n\r\n\t"
                         "{\"op\":\"pub\",\n\"topic\":\"a\",\"data\":[\n]}\n"
                         "{\"op\":1,\"id\":3}\n{\"op\":\"ping\",\"id\":4} ");
    assert_true(reader.next() == Kind::command);
    assert_text(reader.command().id, "1");
    assert_true(reader.next() == Kind::command);
    assert_text(reader.command().payload, "[\n]");
    assert_text(reader.command().id, "");
    assert_true(reader.next() == Kind::bad); // and goes on
    assert_text(reader.command().id, "3");
    assert_true(reader.next() == Kind::command);
    assert_text(reader.command().id, "4");
    assert_true(reader.next() == Kind::end);
    assert_true(reader.next() == Kind::end);
}

void test_empty(void** /*state*/)
{
    for (const char* text : {"", " ", "\n\n"}) {
        assert_true(CommandReader(text).next() == Kind::end);
    }
}

// What is wrong is told apart, for those who have to find it.
void test_json_faults(void** /*state*/)
{
    const std::string_view syntax = json_fault("x");
    for (const char* text :
         {"", "{", "1 2", "\"\\ud83d", "[1e999", "\xEF\xBB\xBF{}"}) {
        assert_text(json_fault(text), syntax);
    }
    std::set<std::string_view> faults{syntax};
    for (const std::string& text :
         {std::string("1e999"), std::string(R"({"\u0000":1})"),
          std::string(R"("\ud83d")"), std::string("\"\xff\""),
          std::string(3000, '[') + std::string(3000, ']')}) {
        assert_false(is_json(text));
        assert_true(faults.insert(json_fault(text)).second);
    }
}

void test_is_json(void** /*state*/)
{
    for (const char* text : {"1", "null", R"("x")", "{}", " [1 ] ",
                             "123456789012345678901234567890", R"("\u0000")",
                             R"({"a":{"a":1,"a":2}})"}) {
        assert_true(is_json(text));
    }
    for (const char* text :
         {"", " ", "x", "{", "1 2", "{}{}", "nul", "01", "'x'", "[1,]",
          "\"\x01\"", "\"\xff\"", "NaN", "+1"}) {
        assert_false(is_json(text));
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_ops),
        cmocka_unit_test(test_topics),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_ids_beside_big_numbers),
        cmocka_unit_test(test_where_a_subscription_starts),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_strange_epochs),
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_data_is_the_member_that_counts),
        cmocka_unit_test(test_conditions_and_keys),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_members_that_nobody_knows),
        cmocka_unit_test(test_several_in_a_frame),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_is_json),
        cmocka_unit_test(test_json_faults),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
