// Where a Redis is, as a configuration says it.
#include <string>

#include "redis/url.hpp"

#include "cmocka.hpp"

namespace ws_pubsub::redis {
namespace {

std::string read(std::string_view text)
{
    const Result<Url> url = read_url(text);
    if (!url) {
        return "? " + std::string(url.error().message);
    }
    std::string all = url->has_tls ? "tls" : "";
    for (const Place& place : url->places) {
        all += " " + place.text();
    }
    all += " /" + std::to_string(url->database);
    return url->is_sentinel() ? all + " of " + url->master : all;
}

void check(const char* text, const char* expected)
{
    assert_string_equal(read(text).c_str(), expected);
}

void servers(void** /*state*/)
{
    check("redis://redis.internal", " redis.internal:6379 /0");
    check("redis://h:1/", " h:1 /0");
    check("redis://10.0.0.1:65535/15", " 10.0.0.1:65535 /15");
    check("rediss://a-b_c.d", "tls a-b_c.d:6379 /0");
    check("rediss://[::1]:7/1", "tls [::1]:7 /1");
    check("redis://[fe80::1]", " [fe80::1]:6379 /0");
    check("unix:/run/redis/redis.sock", " unix:/run/redis/redis.sock /0");
}

void sentinels(void** /*state*/)
{
    check("sentinel://h/m", " h:26379 /0 of m");
    check("sentinel://h:1,[::1]:2,10.0.0.3/my master",
          " h:1 [::1]:2 10.0.0.3:26379 /0 of my master");
}

void bad_ones(void** /*state*/)
{
    for (const char* text : {"",
                             "redis:",
                             "redis://",
                             "redis:///1",
                             "redis://:1",
                             "redis://h:",
                             "redis://h:0",
                             "redis://h:65536",
                             "redis://h:1x",
                             "redis://h:-1",
                             "redis://h/x",
                             "redis://h/1/2",
                             "redis://h/-1",
                             "redis://h/65536",
                             "redis://user:secret@h",
                             "redis://a b",
                             "redis://::1",
                             "redis://[]",
                             "redis://[::1",
                             "redis://[::1]x",
                             "redis://[h]",
                             "http://h",
                             "h:6379",
                             "unix:",
                             "unix:run",
                             "REDIS://h",
                             "sentinel://h",
                             "sentinel://h/",
                             "sentinel:///m",
                             "sentinel://h,/m",
                             "sentinel://,h/m",
                             "sentinel://h:x/m"}) {
        assert_true(read(text).starts_with("? "));
        assert_true(read(text).size() > 2);
    }
    assert_true(read("redis://" + std::string(300, 'a')).starts_with("? "));
    assert_true(read("unix:/" + std::string(107, 'a')).starts_with("? "));
    std::string many = "sentinel://h";
    for (int i = 0; i < 100; i++) {
        many += ",h";
    }
    assert_true(read(many + "/m").starts_with("? "));
}

} // namespace
} // namespace ws_pubsub::redis

int main()
{
    using namespace ws_pubsub::redis;
    const CMUnitTest tests[] = {
        cmocka_unit_test(servers),
        cmocka_unit_test(sentinels),
        cmocka_unit_test(bad_ones),
    };
    return cmocka_run_group_tests_name("url", tests, nullptr, nullptr);
}
