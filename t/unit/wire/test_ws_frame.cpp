// The header of a server's frame, in each of its three sizes.
#include <initializer_list>
#include <string>

#include "wire/ws_frame.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using namespace std::string_literals;

void test_encode_frame_header(void** /*state*/)
{
    struct Case {
        size_t length;
        std::string bytes; // after the first
    };
    for (const Case& c : std::initializer_list<Case>{
             {0, "\x00"s},
             {125, "\x7D"},
             {126, "\x7E\x00\x7E"s},
             {65535, "\x7E\xFF\xFF"},
             {65536, "\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s},
             {0x0102030405060708, "\x7F\x01\x02\x03\x04\x05\x06\x07\x08"}}) {
        char out[kMaxServerHeader];
        size_t size = encode_frame_header(out, Opcode::text, false, c.length);
        assert_true(std::string(out, size) == "\x81" + c.bytes);
        size = encode_frame_header(out, Opcode::binary, true, c.length);
        assert_true(std::string(out, size) == "\xC2" + c.bytes);
    }
    char out[kMaxServerHeader];
    assert_int_equal(encode_frame_header(out, Opcode::pong, false, 3), 2);
    assert_true(std::string(out, 2) == "\x8A\x03");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_encode_frame_header),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
