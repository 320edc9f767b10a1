// What claims have to be, and what they allow.
#include <initializer_list>
#include <string>

#include "base/limits.hpp"
#include "support/asserts.hpp"
#include "token/claims.hpp"
#include "token/grants.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr int64_t kNow = 1'000'000; // 1,000 s

JsonValue parse(std::string_view text)
{
    json_error_t error;
    JsonValue value = parse_json(text, 0, error);
    assert_true(json_is_object(value.get()));
    return value;
}

void check(std::string_view claims, TokenError wanted,
           const ClaimChecks& checks = {},
           std::source_location at = std::source_location::current())
{
    assert_text(name_of(check_claims(parse(claims).get(), TokenKind::session,
                                     checks, kNow)),
                name_of(wanted), at);
}

void check_ticket(std::string_view claims, TokenError wanted,
                  const ClaimChecks& checks = {},
                  std::source_location at = std::source_location::current())
{
    assert_text(name_of(check_claims(parse(claims).get(), TokenKind::ticket,
                                     checks, kNow)),
                name_of(wanted), at);
}

// Whatever is not clearly for some topics allows nothing.
void tickets(void** /*state*/)
{
    check_ticket(R"({"topic":"room/7"})", TokenError::none);
    check_ticket(R"({"topic":"room/*/**","sub":"ann","pub":true})",
                 TokenError::none);
    for (const char* bad :
         {"{}", R"({"sub":"ann"})", R"({"topic":7})", R"({"topic":null})",
          R"({"topic":["room/7"]})", R"({"topic":""})", R"({"topic":"a//b"})",
          R"({"topic":"$SYS/a"})", R"({"topic":"a","channel":"a"})",
          R"({"channel":"a"})", R"({"topic":"a","pub":"true"})",
          R"({"topic":"a","pub":1})", R"({"topic":"a","sub":7})"}) {
        check_ticket(bad, TokenError::claim);
    }
    check_ticket(R"({"topic":"a","exp":1000})", TokenError::expired);
    ClaimChecks checks;
    checks.audiences = {"chat"};
    check_ticket(R"({"topic":"a"})", TokenError::audience, checks);

    const JsonValue one = parse(R"({"topic":"room/*","pub":true})");
    assert_text(topics_of(one.get()).text(), "room/*");
    assert_true(lets_publish(one.get()));
    assert_false(lets_publish(parse(R"({"topic":"a","pub":false})").get()));
    assert_false(lets_publish(parse(R"({"topic":"a"})").get()));
}

void times(void** /*state*/)
{
    check("{}", TokenError::none);
    check(R"({"exp":1001})", TokenError::none);
    check(R"({"exp":1000.001})", TokenError::none);
    check(R"({"exp":1000})", TokenError::expired);
    check(R"({"exp":0})", TokenError::expired);
    check(R"({"exp":-1})", TokenError::expired);
    check(R"({"exp":-1e308})", TokenError::expired);
    check(R"({"exp":1e308})", TokenError::none);
    check(R"({"exp":99999999999999999999999})", TokenError::none);
    check(R"({"nbf":1000})", TokenError::none);
    check(R"({"nbf":1000.001})", TokenError::early);
    check(R"({"nbf":1e308})", TokenError::early);
    check(R"({"iat":1000,"nbf":-5})", TokenError::none);
    check(R"({"iat":1001})", TokenError::early);
    for (const char* name : {"exp", "nbf", "iat"}) {
        for (const char* value :
             {"\"1001\"", "null", "true", "[1001]", "{}", "\"\""}) {
            check("{\"" + std::string(name) + "\":" + value + "}",
                  TokenError::claim);
        }
    }
}

void leeway(void** /*state*/)
{
    ClaimChecks checks;
    checks.leeway_s = 10;
    check(R"({"exp":990.001})", TokenError::none, checks);
    check(R"({"exp":990})", TokenError::expired, checks);
    check(R"({"nbf":1010,"iat":1010})", TokenError::none, checks);
    check(R"({"nbf":1011})", TokenError::early, checks);
    check(R"({"iat":1011})", TokenError::early, checks);
    checks.max_age_s = 100;
    check(R"({"iat":890})", TokenError::none, checks);
    check(R"({"iat":889})", TokenError::too_old, checks);
}

void max_age(void** /*state*/)
{
    ClaimChecks checks;
    checks.max_age_s = 100;
    check(R"({"iat":900})", TokenError::none, checks);
    check(R"({"iat":899})", TokenError::too_old, checks);
    check(R"({"iat":-1e308})", TokenError::too_old, checks);
    check(R"({"exp":2000})", TokenError::claim, checks);
}

void issuer_and_audience(void** /*state*/)
{
    ClaimChecks checks;
    checks.issuer = "https://id";
    check(R"({"iss":"https://id"})", TokenError::none, checks);
    for (const char* claims :
         {"{}", R"({"iss":"https://id/"})", R"({"iss":["https://id"]})",
          R"({"iss":null})", R"({"iss":"https://id\u0000"})"}) {
        check(claims, TokenError::issuer, checks);
    }
    checks = {};
    checks.audiences = {"chat", "game"};
    check(R"({"aud":"chat"})", TokenError::none, checks);
    check(R"({"aud":["x","game"]})", TokenError::none, checks);
    for (const char* claims :
         {"{}", R"({"aud":"x"})", R"({"aud":[]})", R"({"aud":[["chat"]]})",
          R"({"aud":{"chat":1}})", R"({"aud":"Chat"})"}) {
        check(claims, TokenError::audience, checks);
    }
}

void required(void** /*state*/)
{
    ClaimChecks checks;
    checks.required = {"exp", "org"};
    check(R"({"exp":2000,"org":0})", TokenError::none, checks);
    check(R"({"exp":2000})", TokenError::claim, checks);
    check(R"({"exp":2000,"org":null})", TokenError::claim, checks);
}

void subjects_and_tickets(void** /*state*/)
{
    check(R"({"sub":"ann"})", TokenError::none);
    check(R"({"sub":")" + std::string(255, 'x') + R"("})", TokenError::none);
    check(R"({"sub":")" + std::string(256, 'x') + R"("})", TokenError::claim);
    for (const char* claims :
         {R"({"sub":""})", R"({"sub":7})", R"({"sub":null})",
          R"({"sub":["ann"]})", R"({"sub":"a\nb"})", R"({"sub":"a\u0000"})",
          R"({"sub":"\u007f"})"}) {
        check(claims, TokenError::claim);
    }
    check(R"({"sub":"ann","topic":"room/7"})", TokenError::ticket);
    check(R"({"sub":"ann","channel":null})", TokenError::ticket);
}

void expiry(void** /*state*/)
{
    const auto at = [](const char* claims) {
        return expiry_of(parse(claims).get());
    };
    assert_false(at("{}").has_value());
    assert_int_equal(*at(R"({"exp":1000})"), 1'000'000);
    assert_int_equal(*at(R"({"exp":1000.5})"), 1'000'500);
    assert_true(*at(R"({"exp":1e300})") > 1'000'000'000'000'000);
    assert_true(*at(R"({"exp":-1e300})") < 0);
}

void claims_as_text(void** /*state*/)
{
    const JsonValue claims =
        parse(R"({"s":"é","n":7,"m":-7,"r":1.5,"b":true,"f":false,"z":null,)"
              R"("a":[1],"o":{},"c":"a\r\nb"})");
    const auto text = [&](const char* name) {
        return claim_text(claims.get(), name);
    };
    assert_text(text("s"), "é");
    assert_text(text("n"), "7");
    assert_text(text("m"), "-7");
    assert_text(text("r"), "1.5");
    assert_text(text("b"), "true");
    assert_text(text("f"), "false");
    for (const char* name : {"z", "a", "o", "c", "x", ""}) {
        assert_text(text(name), "");
    }
    const JsonValue cases = parse(R"({"orgId":"a","team":"b","Team":"c",)"
                                  R"("xY":"d","XY":"e"})");
    assert_text(claim_text(cases.get(), "orgid"), "a");
    assert_text(claim_text(cases.get(), "team"), "b");
    assert_text(claim_text(cases.get(), "xy"), "");
    const JsonValue other = parse(R"({"SUB":"admin","Iss":"us"})");
    assert_text(claim_text(other.get(), "sub"), "");
    assert_text(claim_text(other.get(), "iss"), "");
    assert_text(user_of(other.get()), "");
}

void grants(void** /*state*/)
{
    const auto read = [](const std::string& value) {
        return grants_of(parse("{\"g\":" + value + "}").get(), "g");
    };
    const auto both = read(R"({"sub":["user/7/**","a"],"pub":["chat/*/ann"]})");
    assert_int_equal(both->subscribe.size(), 2);
    assert_text(both->subscribe[0].text(), "user/7/**");
    assert_text(both->publish[0].text(), "chat/*/ann");
    assert_true(read("{}")->subscribe.empty());
    assert_true(grants_of(parse("{}").get(), "g")->publish.empty());
    for (const char* bad :
         {R"({"sub":["$SYS/**","a"]})", "[]", "null", "\"**\"",
          R"({"sub":"**"})", R"({"sub":[1]})", R"({"sub":["a//b"]})",
          R"({"sub":["a"],"pub":["**/a"]})", R"({"pub":null})",
          R"({"sub":[""]})"}) {
        assert_false(read(bad).has_value());
    }
    const auto many = [&](size_t count) {
        std::string list = "\"a\"";
        for (size_t i = 1; i < count; i++) {
            list += ",\"a\"";
        }
        return read("{\"pub\":[" + list + "]}").has_value();
    };
    assert_true(many(kMaxGrants));
    assert_false(many(kMaxGrants + 1));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(times),
        cmocka_unit_test(leeway),
        cmocka_unit_test(max_age),
        cmocka_unit_test(issuer_and_audience),
        cmocka_unit_test(required),
        cmocka_unit_test(subjects_and_tickets),
        cmocka_unit_test(tickets),
        cmocka_unit_test(expiry),
        cmocka_unit_test(claims_as_text),
        cmocka_unit_test(grants),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
