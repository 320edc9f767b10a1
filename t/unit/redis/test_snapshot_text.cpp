// What a Redis has of snapshots beside their data, and what there is of a log.
#include <string>

#include "redis/ground.hpp"
#include "redis/resp_reader.hpp"
#include "redis/snapshot_text.hpp"

#include "cmocka.hpp"

namespace ws_pubsub::redis {
namespace {

const StoredSnapshot kMost{UINT64_MAX, {UINT64_MAX, UINT64_MAX},
                           UINT64_MAX, {UINT64_MAX, 1},
                           UINT64_MAX, UINT64_MAX,
                           UINT32_MAX, UINT32_MAX};
const StoredSnapshot kOne{1, {2, 3}, 4, {5, 6}, 7, 8, 9, 10};

void there_and_back(void** /*state*/)
{
    const std::string both = snapshot_text({kMost, kOne});
    assert_true(both.ends_with("\n1 2-3 4 5-6 7 8 9 10\n"));
    const SnapshotPair pair = read_snapshots(both);
    assert_true(pair.newest == kMost && pair.previous == kOne);
    const SnapshotPair first = read_snapshots(snapshot_text({kOne, {}}));
    assert_true(first.newest == kOne && first.previous == StoredSnapshot{});
    assert_true(snapshot_text({}).empty());
}

void not_to_be_read(void** /*state*/)
{
    const std::string line = "1 2-3 4 5-6 7 8 9 10";
    for (size_t size = 0; size + 1 < line.size(); size++) {
        assert_true(read_snapshots(line.substr(0, size)).newest ==
                    StoredSnapshot{});
    }
    for (const char* text :
         {"1  2-3 4 5-6 7 8 9 10", "1 2-3 4 5-6 7 8 -9 10",
          "1 2 4 5-6 7 8 9 10", "x 2-3 4 5-6 7 8 9 10",
          "1 2-3 4 5-6 7 8 4294967296 10", "\t1 2-3 4 5-6 7 8 9 10"}) {
        assert_true(read_snapshots(text).newest == StoredSnapshot{});
    }
    // of a later version
    assert_true(read_snapshots(line + " more\n\nmore\n").newest == kOne);
}

// Three replies, as they come.
struct Said {
    explicit Said(std::string_view bytes)
    {
        RespReader reader{ReplyLimits{}};
        reader.feed(bytes);
        for (size_t i = 0; i < 3; i++) {
            error += ground.take(i, *reader.next());
        }
    }
    Ground ground;
    std::string error;
};

void nothing_there(void** /*state*/)
{
    const Said said("$-1\r\n-ERR no such key\r\n$-1\r\n");
    assert_string_equal(said.error.c_str(), "");
    assert_false(said.ground.what().has_log);
    assert_false(said.ground.what().genesis.has_value());
    assert_true(said.ground.what().foreign.empty());
    assert_true(said.ground.last() == LogId{});
}

void the_last_id(void** /*state*/)
{
    const Said said("$3\r\n2-0\r\n"
                    "*2\r\n$17\r\nlast-generated-id\r\n$3\r\n7-5\r\n"
                    "$21\r\n1 7-6 4 2-0 7 8 9 10\n\r\n");
    assert_true(said.ground.what().has_log);
    assert_true(said.ground.what().newest.id == 1);
    assert_true(said.ground.last() == (LogId{7, 6}));
}

void errors(void** /*state*/)
{
    const Said said("-NOPERM a\r\n-ERR other\r\n-LOADING b\r\n");
    assert_string_equal(said.error.c_str(), "NOPERM aERR otherLOADING b");
    const Said type("-WRONGTYPE a\r\n-WRONGTYPE b\r\n-WRONGTYPE c\r\n");
    assert_string_equal(type.error.c_str(), "");
    assert_false(type.ground.what().foreign.empty());
}

} // namespace
} // namespace ws_pubsub::redis

int main()
{
    using namespace ws_pubsub::redis;
    const CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back), cmocka_unit_test(not_to_be_read),
        cmocka_unit_test(nothing_there),  cmocka_unit_test(the_last_id),
        cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests_name("snapshot_text", tests, nullptr,
                                       nullptr);
}
