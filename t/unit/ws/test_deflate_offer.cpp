// permessage-deflate: which offers are met, and how.
#include <string>
#include <string_view>

#include "ws/deflate_offer.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr std::string_view kPlain =
    "permessage-deflate; server_no_context_takeover; "
    "client_no_context_takeover";
constexpr std::string_view kWindow =
    "permessage-deflate; server_no_context_takeover; "
    "client_no_context_takeover; server_max_window_bits=15";

void expect_answer(std::string_view offer, std::string_view header)
{
    const DeflateAnswer answer = answer_deflate_offer(offer);
    if (answer.malformed || !answer.accepted || answer.header != header) {
        fail_msg("'%s': %d %d '%s'", offer.data(), answer.malformed,
                 answer.accepted, answer.header.c_str());
    }
}

void expect_none(std::string_view offer, bool malformed)
{
    const DeflateAnswer answer = answer_deflate_offer(offer);
    if (answer.malformed != malformed || answer.accepted ||
        !answer.header.empty()) {
        fail_msg("'%s': %d %d '%s'", offer.data(), answer.malformed,
                 answer.accepted, answer.header.c_str());
    }
}

void test_accepted(void** /*state*/)
{
    for (const char* params :
         {"", "; client_max_window_bits", ";client_max_window_bits=8",
          " ; client_max_window_bits\t= 15", "; client_max_window_bits=\"10\"",
          "; client_max_window_bits=\"1\\0\"", "; server_no_context_takeover",
          "; client_no_context_takeover",
          "; client_no_context_takeover;server_no_context_takeover",
          "; client_max_window_bits; client_no_context_takeover", "\t", ", ,",
          ", foo", ", permessage-deflate; nonsense"}) {
        expect_answer(std::string("permessage-deflate") + params, kPlain);
        expect_answer(std::string(", ,permessage-deflate") + params, kPlain);
        expect_answer(std::string("foo; a=\"b\"; c, permessage-deflate") +
                          params,
                      kPlain);
    }
}

void test_window_is_confirmed(void** /*state*/)
{
    expect_answer("permessage-deflate; server_max_window_bits=15", kWindow);
    expect_answer("permessage-deflate; server_max_window_bits=\"15\"; "
                  "client_max_window_bits",
                  kWindow);
}

void test_first_offer_that_can_be_met(void** /*state*/)
{
    expect_answer("permessage-deflate; server_max_window_bits=10, "
                  "permessage-deflate; client_max_window_bits",
                  kPlain);
    expect_answer("permessage-deflate; server_max_window_bits=10, "
                  "permessage-deflate; server_max_window_bits=15, "
                  "permessage-deflate",
                  kWindow);
    expect_answer("permessage-deflate, "
                  "permessage-deflate; server_max_window_bits=15",
                  kPlain);
}

void test_declined(void** /*state*/)
{
    for (const char* offer :
         {"foo", "foo; a=b, bar", "Permessage-Deflate", "permessage-deflat"}) {
        expect_none(offer, false);
    }
    for (const std::string_view params :
         {"foo",
          "foo=1",
          "server_max_window_bits",
          "server_max_window_bits=7",
          "server_max_window_bits=8",
          "server_max_window_bits=9",
          "server_max_window_bits=14",
          "server_max_window_bits=16",
          "server_max_window_bits=015",
          "server_max_window_bits=150",
          "server_max_window_bits=1a",
          "client_max_window_bits=7",
          "client_max_window_bits=16",
          "client_max_window_bits=08",
          "client_max_window_bits=1",
          "client_max_window_bits=+9",
          "client_max_window_bits=99999999999999999999",
          "server_no_context_takeover=1",
          "client_no_context_takeover=\"true\"",
          "foo; client_max_window_bits"}) {
        expect_none("permessage-deflate; " + std::string(params), false);
    }
    for (const std::string_view twice :
         {"server_max_window_bits=15", "client_max_window_bits",
          "client_max_window_bits=15", "server_no_context_takeover",
          "client_no_context_takeover"}) {
        std::string offer = "permessage-deflate; ";
        offer += twice;
        offer += "; ";
        offer += twice;
        expect_none(offer, false);
    }
    expect_none("permessage-deflate; client_max_window_bits; "
                "client_max_window_bits=15",
                false);
}

void test_malformed(void** /*state*/)
{
    for (const std::string_view offer : {"",
                                         " ",
                                         ",",
                                         " , ,",
                                         ";",
                                         "permessage-deflate;",
                                         "permessage-deflate; ;",
                                         "permessage-deflate;, foo",
                                         "permessage-deflate foo",
                                         "permessage-deflate; a=",
                                         "permessage-deflate; a=, foo",
                                         "permessage-deflate; =1",
                                         "permessage-deflate; a=\"\"",
                                         "permessage-deflate; a=\"b",
                                         "permessage-deflate; a=\"b\\",
                                         "permessage-deflate; a=\"b c\"",
                                         "permessage-deflate; a=\"b\\\"\"",
                                         "permessage-deflate; a=\"b\"c",
                                         "permessage-deflate; a==b",
                                         "permessage-deflate; a b",
                                         "foo/bar",
                                         "foo, @",
                                         "\"permessage-deflate\"",
                                         "foo\x01",
                                         "foo\x7F",
                                         "f\xC3\xA9",
                                         "foo\r\n bar",
                                         "permessage-deflate, foo;"}) {
        expect_none(offer, true);
    }
    using namespace std::string_view_literals;
    expect_none("permessage-deflate\0"sv, true);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_window_is_confirmed),
        cmocka_unit_test(test_first_offer_that_can_be_met),
        cmocka_unit_test(test_declined),
        cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
