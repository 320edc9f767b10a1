// Commands, in the order of their replies: each ends exactly once.
#include <random>
#include <string>
#include <vector>

#include "redis/pipeline.hpp"
#include "support/resp.hpp"

#include "cmocka.hpp"

namespace ws_pubsub::redis {
namespace {

constexpr int64_t kLate = 1000;

// What callbacks were told.
struct Told {
    std::vector<std::string> all;

    Pipeline::Callback note(std::string name)
    {
        return [this, name = std::move(name)](const Ending& ending) {
            all.push_back(
                name + (ending.reply ? " " + written(*ending.reply)
                                     : std::string(ending.was_sent ? " sent "
                                                                   : " kept ") +
                                           std::string(ending.why)));
        };
    }
    std::string take()
    {
        std::string text;
        for (const std::string& one : all) {
            text += one + ";";
        }
        all.clear();
        return text;
    }
};

std::string write_all(Pipeline& pipeline)
{
    std::string all;
    while (!pipeline.outgoing().empty()) {
        const std::string part(pipeline.outgoing());
        pipeline.note_written(part.size());
        all += part;
    }
    return all;
}

void check_told(Told& told, const char* expected)
{
    assert_string_equal(told.take().c_str(), expected);
}

void commands_as_they_are_written(void** /*state*/)
{
    Pipeline pipeline;
    Told told;
    const std::string binary("\0\r\n\xff", 4);
    assert_true(pipeline.add({"SET", "k", binary, ""}, kLate, told.note("a")));
    const std::vector<std::string_view> words = {"UNLINK", "x"};
    assert_true(pipeline.add(Command(words), kLate, told.note("b")));
    const std::string expected =
        "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\n" + binary +
        "\r\n$0\r\n\r\n*2\r\n$6\r\nUNLINK\r\n$1\r\nx\r\n";
    assert_int_equal(pipeline.unsent(), expected.size());
    assert_true(write_all(pipeline) == expected);
    assert_int_equal(pipeline.unsent(), 0);
    assert_int_equal(pipeline.waiting(), 2);
}

void replies_in_order(void** /*state*/)
{
    Pipeline pipeline;
    Told told;
    for (const char* name : {"a", "b", "c"}) {
        pipeline.add({"GET", name}, kLate, told.note(name));
    }
    write_all(pipeline);
    assert_true(pipeline.take("$1\r\n1\r\n-ERR no\r\n*2\r"));
    check_told(told, "a \"1\";b -ERR no;");
    assert_int_equal(pipeline.waiting(), 1);
    assert_true(pipeline.take("\n:1\r\n-ERR x\r\n"));
    check_told(told, "c [1 -ERR x];");
    pipeline.end("over");
    check_told(told, "");
}

void a_transaction(void** /*state*/)
{
    Pipeline pipeline;
    Told told;
    pipeline.add({"WATCH", "k"}, kLate, told.note("watch"));
    pipeline.add({"MULTI"}, kLate, told.note("multi"));
    pipeline.add({"HSET", "k", "a", "b"}, kLate, told.note("hset"));
    pipeline.add({"GET", "h"}, kLate, told.note("get"));
    pipeline.add({"EXEC"}, kLate, told.note("exec"));
    pipeline.add({"EXEC"}, kLate, told.note("nil"));
    write_all(pipeline);
    assert_true(pipeline.take("+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n"
                              "*2\r\n:1\r\n-WRONGTYPE it\r\n*-1\r\n"));
    check_told(told, "watch +OK;multi +OK;hset +QUEUED;get +QUEUED;"
                     "exec [1 -WRONGTYPE it];nil nil;");
}

// What was begun to be written may have come; what was not, has not.
void the_end(void** /*state*/)
{
    Pipeline pipeline;
    Told told;
    pipeline.add({"A"}, kLate, told.note("a"));
    pipeline.add({"B"}, kLate, told.note("b"));
    const size_t first = pipeline.outgoing().size() / 2;
    pipeline.note_written(first + 1);
    pipeline.add({"C"}, kLate, told.note("c"));
    pipeline.end("closed");
    check_told(told, "a sent closed;b sent closed;c kept closed;");
    assert_false(pipeline.add({"D"}, kLate, told.note("d")));
    pipeline.end("again");
    check_told(told, "");
    assert_int_equal(pipeline.deadline_ms(), Pipeline::kNever);
}

// The same bytes in the same place until they are written.
void pinned(void** /*state*/)
{
    Pipeline pipeline;
    pipeline.add({"FIRST"}, kLate, [](const Ending&) {});
    const std::string_view out = pipeline.outgoing();
    const std::string copy(out);
    for (int i = 0; i < 1000; i++) {
        pipeline.add({"MORE", std::string(100, 'x')}, kLate,
                     [](const Ending&) {});
    }
    assert_true(pipeline.outgoing().data() == out.data());
    assert_true(pipeline.outgoing() == copy);
    pipeline.note_written(3);
    assert_true(pipeline.outgoing() == std::string_view(copy).substr(3));
    pipeline.note_written(copy.size() - 3);
    assert_int_equal(pipeline.outgoing().size(), pipeline.unsent());
}

void deadlines(void** /*state*/)
{
    Pipeline pipeline;
    const auto add = [&](int64_t due) {
        pipeline.add({"X"}, due, [](const Ending&) {});
    };
    assert_int_equal(pipeline.deadline_ms(), Pipeline::kNever);
    for (const int64_t due : {50, 30, 40, 40, 90, 60}) {
        add(due);
    }
    write_all(pipeline);
    for (const int64_t due : {30, 30, 40, 40, 60, 60}) {
        assert_int_equal(pipeline.deadline_ms(), due);
        assert_true(pipeline.take("+OK\r\n"));
    }
    assert_int_equal(pipeline.deadline_ms(), Pipeline::kNever);
}

void replies_that_nobody_wants(void** /*state*/)
{
    Pipeline idle;
    assert_false(idle.take("+OK\r\n"));
    assert_false(idle.fault().empty());

    Pipeline refused;
    assert_false(refused.take("-ERR max number of clients reached\r\n"));
    assert_true(refused.fault() == "ERR max number of clients reached");

    Pipeline early;
    Told told;
    early.add({"SET"}, kLate, told.note("a"));
    assert_false(early.outgoing().empty());
    early.note_written(1);
    assert_false(early.take("+OK\r\n"));
    check_told(told, "");
    early.end(early.fault());
    check_told(told, "a sent a reply has come that nobody has asked for;");
}

void a_fault(void** /*state*/)
{
    Pipeline pipeline;
    Told told;
    pipeline.add({"A"}, kLate, told.note("a"));
    pipeline.add({"B"}, kLate, told.note("b"));
    write_all(pipeline);
    assert_false(pipeline.take("+OK\r\nHTTP/1.1 200 OK\r\n"));
    assert_false(pipeline.fault().empty());
    check_told(told, "a +OK;");
    assert_false(pipeline.take("+OK\r\n"));
    pipeline.end("broken");
    check_told(told, "b sent broken;");
}

// Callbacks that add, and that end it all.
void amid_callbacks(void** /*state*/)
{
    Pipeline pipeline;
    Told told;
    bool taken = true;
    pipeline.add({"A"}, kLate, [&](const Ending& ending) {
        told.note("a")(ending);
        pipeline.add({"C"}, kLate, told.note("c"));
    });
    pipeline.add({"B"}, kLate, [&](const Ending& ending) {
        told.note("b")(ending);
        pipeline.end("ended inside");
        taken = pipeline.add({"D"}, kLate, told.note("d"));
    });
    write_all(pipeline);
    assert_true(pipeline.take("+1\r\n+2\r\n+3\r\n"));
    check_told(told, "a +1;b +2;c kept ended inside;");
    assert_false(taken);
}

// One that throws costs no other its end.
void one_that_throws(void** /*state*/)
{
    Pipeline pipeline;
    Told told;
    int thrown = 0;
    for (int i = 0; i < 3; i++) {
        pipeline.add({"A"}, kLate,
                     [](const Ending&) { throw std::bad_alloc(); });
        pipeline.add({"B"}, kLate, told.note("b"));
    }
    write_all(pipeline);
    while (pipeline.waiting() != 0) {
        try {
            pipeline.end("x");
        } catch (const std::bad_alloc&) {
            thrown++;
        }
    }
    assert_int_equal(thrown, 3);
    check_told(told, "b sent x;b sent x;b sent x;");
}

// Whatever is cut where: each command has its own reply, once.
void at_random(void** /*state*/)
{
    for (unsigned seed = 1; seed <= 200; seed++) {
        std::mt19937 random(seed);
        const auto below = [&](size_t limit) {
            return static_cast<size_t>(random()) % limit;
        };
        Pipeline pipeline;
        std::string replies; // of what was written whole
        std::string written; // and not answered yet
        std::vector<int> ended;
        size_t next = 0;     // whose reply is to come
        size_t complete = 0; // commands written whole
        std::vector<uint64_t> ends;
        uint64_t out = 0;
        for (int step = 0; step < 300; step++) {
            const size_t number = ended.size();
            if (below(3) == 0) {
                const std::string name = std::to_string(number);
                ended.push_back(0);
                const size_t before = pipeline.unsent();
                pipeline.add({"GET", name}, static_cast<int64_t>(below(100)),
                             [&ended, &next, number](const Ending& ending) {
                                 ended[number]++;
                                 if (ending.reply) {
                                     assert_int_equal(number, next);
                                     assert_true(ending.reply->text() ==
                                                 std::to_string(number));
                                     next++;
                                 }
                             });
                ends.push_back((ends.empty() ? 0 : ends.back()) +
                               pipeline.unsent() - before);
            } else if (below(2) == 0) {
                const size_t size = pipeline.outgoing().size();
                const size_t part = size == 0 ? 0 : below(size + 1);
                pipeline.note_written(part);
                out += part;
                while (complete < ends.size() && ends[complete] <= out) {
                    const std::string text = std::to_string(complete++);
                    replies += "$" + std::to_string(text.size()) + "\r\n" +
                               text + "\r\n";
                }
            } else {
                const size_t part = below(replies.size() + 1);
                const std::string bytes = replies.substr(0, part);
                replies.erase(0, part);
                assert_true(pipeline.take(bytes));
            }
        }
        pipeline.end("over");
        for (const int times : ended) {
            assert_int_equal(times, 1);
        }
    }
}

} // namespace
} // namespace ws_pubsub::redis

int main()
{
    using namespace ws_pubsub::redis;
    const CMUnitTest tests[] = {
        cmocka_unit_test(commands_as_they_are_written),
        cmocka_unit_test(replies_in_order),
        cmocka_unit_test(a_transaction),
        cmocka_unit_test(the_end),
        cmocka_unit_test(pinned),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(replies_that_nobody_wants),
        cmocka_unit_test(a_fault),
        cmocka_unit_test(amid_callbacks),
        cmocka_unit_test(one_that_throws),
        cmocka_unit_test(at_random),
    };
    return cmocka_run_group_tests_name("pipeline", tests, nullptr, nullptr);
}
