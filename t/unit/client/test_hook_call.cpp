// What a hook is told of what a client wants.
#include <string>
#include <string_view>

#include "client/hook_call.hpp"
#include "support/asserts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using namespace std::string_view_literals;

void test_arguments(void** /*state*/)
{
    Question question;
    question.op = "sub";
    question.topic = "room/7&user=eve";
    assert_text(hook_arguments(question, "ann b", "00ff"),
                "op=sub&topic=room%2F7%26user%3Deve&user=ann%20b&session=00ff");
    question.topic = "a/**";
    assert_text(hook_arguments(question, "", "1"),
                "op=sub&topic=a%2F%2A%2A&user=&session=1");
}

void test_content_types(void** /*state*/)
{
    Question question;
    assert_text(hook_content_type(question), "");
    question.about = Question::About::publish;
    assert_text(hook_content_type(question), "application/json");
    question.kind = PayloadKind::text;
    assert_text(hook_content_type(question), "text/plain; charset=utf-8");
    question.kind = PayloadKind::binary;
    assert_text(hook_content_type(question), "application/octet-stream");
    question.patch = PatchKind::merge;
    assert_text(hook_content_type(question), "application/merge-patch+json");
    question.patch = PatchKind::operations;
    assert_text(hook_content_type(question), "application/json-patch+json");
}

void test_headers(void** /*state*/)
{
    for (const char* name :
         {"Connection", "upgrade", "Sec-WebSocket-Key",
          "sec-websocket-protocol", "Content-Length", "CONTENT-TYPE",
          "Content-Encoding", "Transfer-Encoding", "TE", "Trailer", "Expect",
          "Range", "If-None-Match", "If-Range", "Accept-Encoding",
          "Keep-Alive"}) {
        assert_false(is_hook_header(name));
    }
    for (const char* name : {"Host", "Cookie", "Authorization", "Origin",
                             "User-Agent", "X-Content-Type", "Sec-Fetch-Site",
                             "Accept", "Team", "Ranges", "I"}) {
        assert_true(is_hook_header(name));
    }
}

void test_paths(void** /*state*/)
{
    for (const std::string_view path :
         {"/", "/may", "/a/..b", "/a../b", "/%2e"}) {
        assert_true(is_plain_path(path));
    }
    for (const std::string_view path :
         {""sv, "may"sv, "http://a/"sv, "/.."sv, "/../a"sv, "/a/../b"sv,
          "/a/.."sv, "/a\0"sv}) {
        assert_false(is_plain_path(path));
    }
}

void test_safe_arguments(void** /*state*/)
{
    assert_text(safe_arguments("a=b&c=%20+d?"), "a=b&c=%20+d?");
    assert_text(safe_arguments("a=b c\r\n#\x7F"), "a=b%20c%0D%0A%23%7F");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_content_types),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_safe_arguments),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
