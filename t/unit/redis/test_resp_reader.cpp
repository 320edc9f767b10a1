// Replies of Redis: those that it sends, cut anywhere; and what nobody should
// send.
#include "redis/resp_reader.hpp"
#include "support/resp.hpp"

#include "cmocka.hpp"

namespace ws_pubsub::redis {
namespace {

// All that comes of bytes in pieces of that size, and the fault behind it.
std::string read(const std::string& bytes, size_t piece,
                 const ReplyLimits& limits = {})
{
    RespReader reader(limits);
    std::string all;
    for (size_t at = 0; at < bytes.size(); at += piece) {
        // a copy, so that reading beyond its end is seen
        const std::string part = bytes.substr(at, piece);
        reader.feed(part);
        while (const auto reply = reader.next()) {
            all += written(*reply) + ";";
        }
    }
    return all + std::string(reader.fault());
}

void check(const std::string& bytes, const char* expected,
           const ReplyLimits& limits = {})
{
    for (size_t piece = 1; piece <= bytes.size(); piece++) {
        assert_string_equal(read(bytes, piece, limits).c_str(), expected);
    }
}

void each_kind(void** /*state*/)
{
    check("+OK\r\n", "+OK;");
    check("-NOPERM no\r\n", "-NOPERM no;");
    check(":-12\r\n:9223372036854775807\r\n", "-12;9223372036854775807;");
    check("$-1\r\n*-1\r\n", "nil;nil;");
    check("$0\r\n\r\n+\r\n*0\r\n", "\"\";+;[];");
    check("$4\r\na\r\nb\r\n", "\"a\r\nb\";");
    check("*3\r\n:1\r\n*2\r\n$1\r\nx\r\n*0\r\n$-1\r\n", "[1 [\"x\" []] nil];");
}

void bytes_that_are_no_text(void** /*state*/)
{
    RespReader reader({});
    std::string bytes;
    for (int i = 0; i < 256; i++) {
        bytes += static_cast<char>(i);
    }
    reader.feed("$256\r\n" + bytes + "\r\n");
    const auto reply = reader.next();
    assert_true(reply.has_value());
    assert_true(reply->text() == bytes);
}

// As XREAD answers, many elements deep in each other.
void a_stream(void** /*state*/)
{
    check("*1\r\n*2\r\n$1\r\ns\r\n*2\r\n"
          "*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\n1\r\n$2\r\nab\r\n"
          "*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\n1\r\n$2\r\ncd\r\n",
          "[[\"s\" [[\"1-0\" [\"1\" \"ab\"]] [\"2-0\" [\"1\" \"cd\"]]]]];");
}

// EXEC's reply is none of an error, though errors are in it.
void errors_inside(void** /*state*/)
{
    RespReader reader({});
    reader.feed("*3\r\n:1\r\n-WRONGTYPE a\r\n-ERR b\r\n*1\r\n:1\r\n-ERR c\r\n");
    auto reply = reader.next();
    assert_true(reply->kind() == Kind::array);
    assert_true(reply->error() == "WRONGTYPE a");
    assert_true(reader.next()->error().empty());
    assert_true(reader.next()->error() == "ERR c");
}

// Whoever asks for what is not there gets nothing.
void what_is_not_there(void** /*state*/)
{
    RespReader reader({});
    reader.feed("*1\r\n:7\r\n");
    const Reply reply = *reader.next();
    assert_true(reply[1].kind() == Kind::nil);
    assert_true(reply[1][2].text().empty());
    assert_int_equal(reply[0].size(), 0);
    assert_int_equal(reply[0].integer(), 7);
    assert_int_equal(reply.integer(), 0);
    assert_true(reply[0].text().empty());
    assert_true(Reply().error().empty());
}

void no_resp(void** /*state*/)
{
    for (const char* bytes :
         {"HTTP/1.1 400\r\n", "\r\n", "$x\r\n\r\n", "$-2\r\n", "*-2\r\n",
          ":1x\r\n", ":\r\n", ":9223372036854775808\r\n",
          "*99999999999999999999\r\n", "$00000000000000000000000000",
          "$1\r1111111111111111111111111111", "%1\r\n+a\r\n+b\r\n",
          "~1\r\n+a\r\n", ">1\r\n+a\r\n", "#t\r\n", ",1.5\r\n", "(12\r\n",
          "=6\r\ntxt:ab\r\n", "*1\r\n#f\r\n"}) {
        const std::string text =
            std::string("+before\r\n") + bytes + "+after\r\n";
        for (size_t piece = 1; piece <= text.size(); piece++) {
            const std::string all = read(text, piece);
            assert_true(all.starts_with("+before;") &&
                        all.size() > sizeof("+before;"));
            assert_true(all.find("+after;") == std::string::npos);
        }
    }
}

// A claim is refused before what it claims has come.
void claims(void** /*state*/)
{
    ReplyLimits limits;
    limits.bulk_bytes = 5;
    limits.reply_bytes = 8;
    limits.elements = 4;
    limits.depth = 2;
    check("$5\r\nabcde\r\n", "\"abcde\";", limits);
    check("$6\r\n", "a string is too long", limits);
    check("$99999999999999999999", "a string is too long", limits);
    check("$6\r\nabcdef\r\n", "a string is too long", limits);
    check("*2\r\n$4\r\nabcd\r\n$4\r\nabcd\r\n", "[\"abcd\" \"abcd\"];", limits);
    check("*2\r\n$4\r\nabcd\r\n$5\r\nabcde\r\n", "a reply is too long", limits);
    check("*1\r\n*1\r\n:1\r\n", "[[1]];", limits);
    check("*1\r\n*1\r\n*0\r\n", "arrays are nested too deep", limits);
    check("*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n", "[1 2 3 4];", limits);
    check("*5\r\n", "a reply has too many elements", limits);
    check("*2\r\n*2\r\n:1\r\n:2\r\n*1\r\n", "a reply has too many elements",
          limits);
    // each reply anew
    check("*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n",
          "[1 2 3 4];[1 2 3 4];", limits);
}

void huge_claims(void** /*state*/)
{
    check("$9223372036854775807\r\n", "a string is too long");
    check("*1\r\n$1000000000\r\n", "a string is too long");
    check("*4294967295\r\n", "a reply has too many elements");
    std::string nested;
    for (int i = 0; i < 100; i++) {
        nested += "*1\r\n";
    }
    check(nested, "arrays are nested too deep");
    assert_string_equal(read(std::string(100000, '+'), 1000).c_str(),
                        "a line is too long");
    assert_string_equal(
        read("+" + std::string(100000, 'a') + "\r\n", 200000).c_str(),
        "a line is too long");
    assert_string_equal(read("$1\r" + std::string(1000, '1'), 100).c_str(),
                        "a string is too long");
    assert_string_equal(read("*" + std::string(100000, '1'), 1000).c_str(),
                        "a line is too long");
}

// What a large reply needed is not kept.
void a_large_one(void** /*state*/)
{
    RespReader reader({});
    const std::string value(8UL * 1024 * 1024, 'x');
    const std::string bytes =
        "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n+OK\r\n";
    size_t replies = 0;
    for (size_t at = 0; at < bytes.size(); at += 65536) {
        reader.feed(std::string_view(bytes).substr(at, 65536));
        while (const auto reply = reader.next()) {
            assert_int_equal(reply->text().size(),
                             replies == 0 ? value.size() : 2);
            replies++;
        }
    }
    assert_int_equal(replies, 2);
}

} // namespace
} // namespace ws_pubsub::redis

int main()
{
    using namespace ws_pubsub::redis;
    const CMUnitTest tests[] = {
        cmocka_unit_test(each_kind),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(a_stream),
        cmocka_unit_test(errors_inside),
        cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(no_resp),
        cmocka_unit_test(claims),
        cmocka_unit_test(huge_claims),
        cmocka_unit_test(a_large_one),
    };
    return cmocka_run_group_tests_name("resp_reader", tests, nullptr, nullptr);
}
