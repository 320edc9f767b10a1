// Where pages come from, and which may come.
#include <initializer_list>
#include <string_view>

#include "base/origin.hpp"
#include "support/asserts.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

OriginRules rules(std::initializer_list<const char*> texts)
{
    OriginRules made;
    for (const char* text : texts) {
        assert_true(made.add(text));
    }
    return made;
}

void test_parsed(void** /*state*/)
{
    const auto origin = Origin::parse("HTTPS://Example.COM:8443");
    assert_true(bool(origin));
    assert_text(origin->scheme, "https");
    assert_text(origin->host, "example.com");
    assert_text(origin->port, "8443");
    assert_true(Origin::parse("https://a") == Origin::parse("https://a:443"));
    assert_true(Origin::parse("http://a") == Origin::parse("http://a:80"));
    assert_false(Origin::parse("http://a") == Origin::parse("http://a:443"));
    assert_text(Origin::parse("http://[::1]:80")->host, "[::1]");
    assert_text(Origin::parse("chrome-extension://abc")->host, "abc");
}

void test_not_an_origin(void** /*state*/)
{
    for (const char* text : {"",
                             "null",
                             "example.com",
                             "//a",
                             "://a",
                             "https://",
                             "https:a",
                             "https://a/",
                             "https://a/b",
                             "https://user@a",
                             "https://a b",
                             "https://a, https://a",
                             "https://a:x",
                             "https://a:",
                             "https://*",
                             "https://a:123456",
                             "https://[",
                             "https://[]",
                             "https://[x]",
                             "ht tp://a",
                             "https://a?x",
                             "https://a#x",
                             "https://a\\b",
                             "https://$host",
                             "https://a:99999",
                             "https://a:0443",
                             "https://a:0",
                             "https://a;b",
                             "https://\xC3\xA9"}) {
        assert_false(bool(Origin::parse(text)));
    }
}

void test_same(void** /*state*/)
{
    const OriginRules same = rules({"same"});
    const struct {
        const char* origin;
        const char* host;
        bool allowed;
    } cases[] = {
        {"", "example.com", true}, // no browser
        {"https://example.com", "example.com", true},
        {"https://example.com", "EXAMPLE.com", true},
        {"https://example.com", "example.com:443", true},
        {"https://example.com:443", "example.com", true},
        {"http://example.com", "example.com:80", true},
        {"http://localhost:8080", "localhost:8080", true},
        {"http://[::1]:8080", "[::1]:8080", true},
        {"http://[::1]", "[::1]", true},
        {"https://example.com", "example.com:80", false},
        {"http://localhost:5173", "localhost:8080", false},
        {"http://localhost", "localhost:8080", false},
        {"http://localhost:8080", "localhost", false},
        {"https://evil.example", "example.com", false},
        {"https://example.com.evil.example", "example.com", false},
        {"https://evilexample.com", "example.com", false},
        {"https://a.example.com", "example.com", false},
        {"null", "example.com", false},
        {"null", "null", false},
        {"rubbish", "rubbish", false},
        {"https://example.com", "", false},
        {"https://example.com, https://evil.example", "example.com", false},
    };
    for (const auto& one : cases) {
        assert_int_equal(same.allow(one.origin, one.host), one.allowed);
    }
}

void test_listed(void** /*state*/)
{
    const OriginRules listed =
        rules({"https://example.com", "http://localhost:5173", "null",
               "https://*.example.org"});
    const struct {
        const char* origin;
        bool allowed;
    } cases[] = {
        {"", true},
        {"null", true},
        {"https://example.com", true},
        {"https://example.com:443", true},
        {"HTTPS://EXAMPLE.COM", true},
        {"http://example.com", false},
        {"https://example.com:8443", false},
        {"https://a.example.com", false},
        {"http://localhost:5173", true},
        {"http://localhost:5174", false},
        {"https://a.example.org", true},
        {"https://a.b.example.org", true},
        {"https://example.org", false},
        {"https://.example.org", false},
        {"https://aexample.org", false},
        {"http://a.example.org", false},
        {"https://a.example.org:8443", false},
        {"https://here", false}, // `same` is not said
    };
    for (const auto& one : cases) {
        assert_int_equal(listed.allow(one.origin, "here"), one.allowed);
    }
    assert_true(rules({"same", "https://a"}).allow("https://here", "here"));
}

void test_any(void** /*state*/)
{
    for (const char* origin : {"", "null", "rubbish", "https://a"}) {
        assert_true(rules({"any"}).allow(origin, "here"));
        assert_int_equal(rules({}).allow(origin, "here"), *origin == '\0');
    }
    assert_true(rules({"any"}).allow_any());
    assert_false(rules({"same"}).allow_any());
}

void test_no_rule(void** /*state*/)
{
    for (const char* text :
         {"", "*", "example.com", "https://a/", "https://*", "https://a.*",
          "https://*.*.a", "https://*a", "https://*.", "Same"}) {
        assert_false(OriginRules{}.add(text));
    }
    OriginRules twice = rules({"same"});
    assert_false(twice.add("same"));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_parsed), cmocka_unit_test(test_not_an_origin),
        cmocka_unit_test(test_same),   cmocka_unit_test(test_listed),
        cmocka_unit_test(test_any),    cmocka_unit_test(test_no_rule),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
