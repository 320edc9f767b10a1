// keyed_hash(): SipHash-1-3, whose results other implementations tell.
#include <cstring>
#include <set>
#include <string>

#include "base/keyed_hash.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// The key and the texts of the paper's appendix: the bytes 0, 1, 2, …
constexpr HashKey kPaperKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string counting(size_t bytes)
{
    std::string text;
    for (size_t i = 0; i < bytes; i++) {
        text.push_back(static_cast<char>(i));
    }
    return text;
}

void test_known_hashes(void** /*state*/)
{
    const struct {
        size_t bytes;
        uint64_t hash;
    } known[] = {
        {0, 0xabac0158050fc4dc},   {1, 0xc9f49bf37d57ca93},
        {7, 0xd3927d989bb11140},   {8, 0x369095118d299a8e},
        {9, 0x25a48eb36c063de4},   {15, 0xd320d86d2a519956},
        {16, 0xcc4fdd1a7d908b66},  {63, 0x9d199062b7bbb3a8},
        {256, 0x75b3e64e167de370},
    };
    for (const auto& [bytes, hash] : known) {
        assert_int_equal(keyed_hash(counting(bytes), kPaperKey), hash);
    }
    // CPython's hash(b"…") with PYTHONHASHSEED=0.
    assert_int_equal(keyed_hash("prices/fx/EURUSD", {}), 0xcc757aa3b23939fe);
}

void test_bytes_beyond_ascii(void** /*state*/)
{
    std::set<uint64_t> hashes;
    for (unsigned byte = 0; byte < 256; byte++) {
        hashes.insert(
            keyed_hash(std::string("a") + static_cast<char>(byte), kPaperKey));
    }
    assert_int_equal(hashes.size(), 256);
}

void test_both_halves_of_the_key_count(void** /*state*/)
{
    const uint64_t hash = keyed_hash("a", {1, 2});
    assert_int_not_equal(hash, keyed_hash("a", {1, 3}));
    assert_int_not_equal(hash, keyed_hash("a", {3, 2}));
}

void test_random_keys(void** /*state*/)
{
    const HashKey key = random_hash_key();
    const HashKey other = random_hash_key();
    assert_int_not_equal(key.first, other.first);
    assert_int_not_equal(key.second, other.second);
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_known_hashes),
        cmocka_unit_test(test_bytes_beyond_ascii),
        cmocka_unit_test(test_both_halves_of_the_key_count),
        cmocka_unit_test(test_random_keys),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
