// Compression of single messages: what comes out inflates to what went in.
#include <random>
#include <string>

#include "support/asserts.hpp"
#include "support/server_frames.hpp"
#include "support/zone.hpp"
#include "wire/deflater.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

std::string noise(size_t bytes, unsigned seed)
{
    std::minstd_rand random(seed);
    std::string text;
    while (text.size() < bytes) {
        text += static_cast<char>(random() >> 8);
    }
    return text;
}

void test_round_trip(void** state)
{
    auto& deflater = state_of<Deflater>(state);
    for (const size_t size : {100, 1000, 70'000, 1'000'000}) {
        std::string text;
        while (text.size() < size) {
            text += "{\"price\":" + std::to_string(text.size() * 7919) + "}";
        }
        std::string out;
        assert_true(deflater.append(out, text));
        assert_true(out.size() < text.size());
        assert_true(inflate_message(out) == text);
    }
}

void test_appends(void** state)
{
    auto& deflater = state_of<Deflater>(state);
    std::string out = "before";
    assert_true(deflater.append(out, std::string(500, 'x')));
    assert_true(out.starts_with("before"));
    assert_text(inflate_message(out.substr(6)), std::string(500, 'x'));
}

// No message needs another one, so that a session may get any of them.
void test_each_stands_alone(void** state)
{
    auto& deflater = state_of<Deflater>(state);
    const std::string text = noise(40, 1) + noise(40, 1) + noise(40, 1);
    std::string first;
    std::string second;
    assert_true(deflater.append(first, text));
    assert_true(deflater.append(second, text));
    assert_true(first == second);
    assert_true(inflate_message(second) == text);
}

void test_nothing_saved(void** state)
{
    auto& deflater = state_of<Deflater>(state);
    for (const size_t size : {0, 1, 3, 64, 5000, 100'000}) {
        std::string out = "before";
        assert_false(deflater.append(out, noise(size, 2)));
        assert_text(out, "before");
    }
    std::string out;
    assert_true(deflater.append(out, std::string(100, 'x'))); // as ever
    assert_text(inflate_message(out), std::string(100, 'x'));
}

// Payloads around the size at which something is saved.
void test_border(void** state)
{
    auto& deflater = state_of<Deflater>(state);
    for (size_t random = 0; random < 40; random++) {
        for (size_t same = 0; same < 40; same++) {
            const std::string text = noise(random, 3) + std::string(same, 'x');
            std::string out;
            if (deflater.append(out, text)) {
                assert_true(out.size() < text.size());
                assert_true(inflate_message(out) == text);
            } else {
                assert_true(out.empty());
            }
        }
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, make_state<Deflater>,
                                        destroy_state<Deflater>),
        cmocka_unit_test_setup_teardown(test_appends, make_state<Deflater>,
                                        destroy_state<Deflater>),
        cmocka_unit_test_setup_teardown(test_each_stands_alone,
                                        make_state<Deflater>,
                                        destroy_state<Deflater>),
        cmocka_unit_test_setup_teardown(
            test_nothing_saved, make_state<Deflater>, destroy_state<Deflater>),
        cmocka_unit_test_setup_teardown(test_border, make_state<Deflater>,
                                        destroy_state<Deflater>),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
