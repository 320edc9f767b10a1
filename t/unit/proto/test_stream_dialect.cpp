// Which messages of a stream say how far their reader has come.
#include <string>

#include "proto/poll_page.hpp"
#include "proto/stream_dialect.hpp"
#include "support/asserts.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// A worker with two topics, of which more is unread than it has read now.
struct Worker {
    Worker() : worker(zone.attach())
    {
        for (const char* topic : {"a", "b"}) {
            (void)zone.store->interests.add(worker, topic, 1);
        }
    }
    void put(std::string_view topic, std::string_view payload)
    {
        zone.put(topic, payload, keeping(9));
    }
    // The numbers of the cursors of the messages that are next in the inbox;
    // `-`: none.
    std::string cursors(Cursors kind)
    {
        (void)zone.inbox(worker);
        return of_batch(kind);
    }
    std::string of_batch(Cursors kind)
    {
        StreamDialect dialect(lines, kind);
        const FrameRef frame =
            dialect.messages(false, "t", zone.batch, 0, zone.batch.size());
        std::string text(frame->data(), frame->size());
        if (frame->is_open()) {
            lines.append_end(text, std::nullopt);
        }
        std::string found;
        for (size_t at = 0; at < text.size();) {
            const size_t end = text.find('\n', at);
            const std::string line = text.substr(at, end - at);
            const size_t cursor = line.find("\"cursor\":\"");
            found += found.empty() ? "" : " ";
            found += cursor == std::string::npos
                         ? "-"
                         : line.substr(line.rfind('.') + 1,
                                       line.size() - line.rfind('.') - 3);
            at = end + 1;
        }
        return found;
    }

    Zone zone;
    WorkerId worker;
    LineFraming lines;
};

void test_one_topic(void** state)
{
    auto& worker = state_of<Worker>(state);
    worker.put("a", "1");
    worker.put("a", "2");
    worker.put("other", "3");
    assert_text(worker.cursors(Cursors::complete), "1 3");
    assert_text(worker.of_batch(Cursors::own), "1 2");
    assert_text(worker.of_batch(Cursors::none), "- -");
}

void test_what_waits_of_another_topic(void** state)
{
    auto& worker = state_of<Worker>(state);
    worker.put("a", "1");
    worker.put("b", "2");
    worker.put("a", "3");
    assert_text(worker.cursors(Cursors::complete), "1 -");
    assert_text(worker.of_batch(Cursors::own), "1 3");
    assert_text(worker.cursors(Cursors::complete), "3");
}

std::string page(Zone& zone, const std::vector<Selector>& selectors,
                 const ReadFrom& from, Cursor* at = nullptr)
{
    PollPage page(Reader(zone.store->topics), selectors, from);
    size_t left = 1'000'000;
    while (!page.step(left)) {
        left = 10; // a small turn
    }
    if (at != nullptr) {
        *at = page.cursor();
    }
    return page.text(false);
}

void test_a_poll_is_in_the_order_of_numbers(void** state)
{
    auto& worker = state_of<Worker>(state);
    for (const char* topic : {"b", "a", "b", "c"}) {
        worker.put(topic, topic);
    }
    const std::vector<Selector> selectors{*Selector::parse("a"),
                                          *Selector::parse("*")};
    ReadFrom from;
    from.kind = ReadFrom::Kind::number;
    from.number = 1;
    Cursor at;
    const std::string text = page(worker.zone, selectors, from, &at);
    assert_int_equal(at.number, 4);
    const size_t a = text.find("\"topic\":\"a\"");
    const size_t b = text.find("\"topic\":\"b\"");
    const size_t c = text.find("\"topic\":\"c\"");
    assert_true(a < b && b < c && c != std::string::npos);
    assert_true(text.find("\"more\":false") != std::string::npos);
    from.number = 4;
    assert_text(page(worker.zone, selectors, from),
                "{\"items\":[],\"cursor\":\"" + cursor_text(at) +
                    "\",\"more\":false}");
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_topic, make_state<Worker>,
                                        destroy_state<Worker>),
        cmocka_unit_test_setup_teardown(test_what_waits_of_another_topic,
                                        make_state<Worker>,
                                        destroy_state<Worker>),
        cmocka_unit_test_setup_teardown(test_a_poll_is_in_the_order_of_numbers,
                                        make_state<Worker>,
                                        destroy_state<Worker>),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
