// What a log's replies say: ids, entries, INFO, redirections; and how many
// entries are asked for at once.
#include <string>

#include "redis/read_size.hpp"
#include "redis/replication.hpp"
#include "redis/resp_reader.hpp"
#include "redis/stream.hpp"

#include "cmocka.hpp"

namespace ws_pubsub::redis {
namespace {

void ids(void** /*state*/)
{
    const auto is = [](std::string_view text, uint64_t ms, uint64_t number) {
        const std::optional<LogId> id = parse_log_id(text);
        return id && *id == LogId{ms, number} && text_of(*id) == text;
    };
    assert_true(is("0-0", 0, 0));
    assert_true(is("1700000000000-12", 1700000000000, 12));
    assert_true(is("18446744073709551615-18446744073709551615", UINT64_MAX,
                   UINT64_MAX));
    for (const char* text : {"", "-", "1", "1-", "-1", "1-2-3", "1 -2", "+1-2",
                             "1--2", "x-1", "18446744073709551616-0"}) {
        assert_false(parse_log_id(text).has_value());
    }
}

// A reply of these bytes.
class Said {
public:
    explicit Said(std::string_view bytes)
    {
        reader_.feed(bytes);
        reply_ = *reader_.next();
    }
    const Reply& reply() const { return reply_; }

private:
    RespReader reader_{ReplyLimits{}};
    Reply reply_;
};

void no_entries(void** /*state*/)
{
    Records records;
    // nil, no array, an array of the wrong kind
    assert_true(records.take(Said("*-1\r\n").reply()));
    assert_true(records.view().empty());
    for (const char* bytes :
         {"+OK\r\n", ":1\r\n", "*0\r\n", "*1\r\n+a\r\n",
          "*1\r\n*2\r\n$1\r\nk\r\n$1\r\nx\r\n",
          "*1\r\n*2\r\n$1\r\nk\r\n*1\r\n+a\r\n",
          "*1\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$1\r\nx\r\n*0\r\n",
          "*1\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*-1\r\n"}) {
        assert_false(records.take(Said(bytes).reply()));
        assert_true(records.view().empty());
    }
}

void entries_outlive_their_reply(void** /*state*/)
{
    Records records;
    {
        const Said said("*1\r\n*2\r\n$1\r\nk\r\n*3\r\n"
                        "*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\n1\r\n$2\r\nab\r\n"
                        "*2\r\n$3\r\n2-0\r\n*3\r\n$1\r\n1\r\n$0\r\n\r\n+x\r\n"
                        "*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\n3\r\n$1\r\nz\r\n");
        assert_true(records.take(said.reply()));
    }
    assert_int_equal(records.view().size(), 3);
    assert_true(records.view()[0].id == (LogId{1, 0}));
    assert_true(records.view()[0].bytes == "ab");
    assert_true(records.view()[1].kind == LogRecord::Kind::entry);
    assert_true(records.view()[1].bytes.empty());
    assert_true(records.view()[2].kind == LogRecord::Kind::newer);
    assert_int_equal(records.bytes(), 2);
    records.clear();
    assert_true(records.view().empty());
}

void replication(void** /*state*/)
{
    const Replication master = read_replication(
        "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n"
        "master_replid:abc\r\nmaster_replid2:000\r\n");
    assert_true(master.is_master && master.lineage == "abc");
    const Replication replica =
        read_replication("role:slave\r\nmaster_replid:abc\r\n");
    assert_false(replica.is_master);
    const Replication silent = read_replication("");
    assert_true(silent.is_master && silent.lineage.empty());
    assert_true(read_replication("master_replid2:x").lineage.empty());
    assert_true(read_replication("master_replid:x").lineage == "x");
}

void redirections(void** /*state*/)
{
    const Place asked{"a.test", 7000, {}};
    const auto moved = [&](std::string_view error) {
        const std::optional<Place> place = read_moved(error, asked);
        return place ? place->text() : std::string("none");
    };
    assert_string_equal(moved("MOVED 3999 127.0.0.1:6381").c_str(),
                        "127.0.0.1:6381");
    assert_string_equal(moved("MOVED 3999 ::1:6381").c_str(), "[::1]:6381");
    assert_string_equal(moved("MOVED 3999 [::1]:6381").c_str(), "[::1]:6381");
    assert_string_equal(moved("MOVED 3999 b.test:6381").c_str(), "b.test:6381");
    assert_string_equal(moved("MOVED 3999 :6381").c_str(), "a.test:6381");
    assert_string_equal(moved("MOVED 3999 ?:6381").c_str(), "a.test:6381");
    for (const char* error :
         {"MOVED", "MOVED ", "MOVED 1", "MOVED 1 ", "MOVED 1 a", "MOVED 1 a:",
          "MOVED 1 a:0", "MOVED 1 a:65536", "MOVED 1 a:x", "READONLY a b:1"}) {
        assert_string_equal(moved(error).c_str(), "none");
    }
    const Place socket{{}, 0, "/path"};
    assert_false(read_moved("MOVED 1 :6381", socket).has_value());
}

void as_many_as_fit(void** /*state*/)
{
    ReadSize size;
    const size_t first = size.count();
    size.note_read(0, 0, 0);
    assert_int_equal(size.count(), first);
    for (int i = 0; i < 10; i++) {
        size.note_read(size.count(), size.count() * 100, 0);
    }
    assert_int_equal(size.count(), ReadSize::kMost);
    size.note_read(1, 100, 0); // a few at the tail
    assert_int_equal(size.count(), ReadSize::kMost);
    size.note_read(512, 512UL * 8192, 0);
    assert_in_range(size.count(), 100, 128);
    size.note_read(100, 100UL * 8 * 1024 * 1024, 0);
    assert_int_equal(size.count(), 1);
    size.note_read(1, 10, 0);
    assert_int_equal(size.count(), 4);
}

void less_after_a_cut(void** /*state*/)
{
    ReadSize size;
    for (int i = 0; i < 10; i++) {
        size.note_read(size.count(), 0, 0);
    }
    for (size_t left = 256; left > 0; left /= 2) {
        size.note_cut(1000);
        size.note_read(512, 0, 1000);
        assert_int_equal(size.count(), left);
    }
    size.note_cut(1000);
    assert_int_equal(size.count(), 1);
    // and grows again, but not at once
    int64_t now = 1000;
    size.note_read(100, 0, now + ReadSize::kGrowMs - 1);
    assert_int_equal(size.count(), 1);
    int steps = 0;
    while (size.count() < ReadSize::kMost) {
        now += ReadSize::kGrowMs;
        size.note_read(512, 0, now);
        steps++;
    }
    assert_in_range(steps, 10, 20);
}

} // namespace
} // namespace ws_pubsub::redis

int main()
{
    using namespace ws_pubsub::redis;
    const CMUnitTest tests[] = {
        cmocka_unit_test(ids),
        cmocka_unit_test(no_entries),
        cmocka_unit_test(entries_outlive_their_reply),
        cmocka_unit_test(replication),
        cmocka_unit_test(redirections),
        cmocka_unit_test(as_many_as_fit),
        cmocka_unit_test(less_after_a_cut),
    };
    return cmocka_run_group_tests_name("log_replies", tests, nullptr, nullptr);
}
