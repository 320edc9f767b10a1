// What the broker has to tell, in each encoding.
#include <string>

#include "proto/dialects.hpp"
#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

using namespace std::string_view_literals;

constexpr Encoding kJson{kJsonDialect};
constexpr Encoding kJsonDeflated{kJsonDialect, true};
constexpr Encoding kPlain{kPlainDialect};
constexpr Encoding kPlainDeflated{kPlainDialect, true};

struct Fixture {
    Zone zone;
    FrameWriter writer;
    Dialects dialects{writer};
    Encoder& encoder = dialects.encoder;

    // A batch of one message of each kind, in a topic with a quote in it.
    const Batch& batch()
    {
        for (const PayloadKind kind :
             {PayloadKind::json, PayloadKind::text, PayloadKind::binary}) {
            Change publication = Zone::publication("a\"b", "\"x\"", keeping(5));
            publication.kind = kind;
            assert_true(bool(zone.store->topics.publish(publication)));
        }
        zone.last("a\"b", 10);
        return zone.batch;
    }
};

std::string lines(const FrameRef& frame)
{
    std::string text;
    for (const ServerFrame& one :
         parse_frames({frame->data(), frame->size()})) {
        text += text.empty() ? "" : "\n";
        text += one.opcode == Opcode::binary ? "binary " : "";
        text += one.payload;
    }
    return text;
}

void test_messages(void** state)
{
    auto& own = state_of<Fixture>(state);
    const Batch& batch = own.batch();
    const std::string json =
        R"({"op":"msg","topic":"a\"b","seq":1,"data":"x"}
{"op":"msg","topic":"a\"b","seq":2,"text":"\"x\""}
{"op":"msg","topic":"a\"b","seq":3,"b64":"Ingi"})";
    for (const Encoding encoding : {kJson, kJsonDeflated}) {
        const FrameRef frame =
            own.encoder.messages(encoding, "a\"b", batch, 0, 3);
        assert_text(lines(frame), json);
        assert_int_equal(frame->messages(), 3);
    }
    for (const Encoding encoding : {kPlain, kPlainDeflated}) {
        const FrameRef frame =
            own.encoder.messages(encoding, "a\"b", batch, 0, 3);
        assert_text(lines(frame), "\"x\"\n\"x\"\nbinary \"x\"");
        assert_int_equal(frame->messages(), 3);
    }
}

void test_a_part_of_a_batch(void** state)
{
    auto& own = state_of<Fixture>(state);
    const FrameRef frame = own.encoder.messages(kJson, "t", own.batch(), 1, 2);
    assert_text(lines(frame),
                R"({"op":"msg","topic":"t","seq":2,"text":"\"x\""})");
    assert_int_equal(frame->messages(), 1);
}

void test_notices(void** state)
{
    auto& own = state_of<Fixture>(state);
    const Gap gap{3, 5, "evicted"};
    for (const Encoding encoding : {kJson, kJsonDeflated}) {
        FrameRef frame = own.encoder.topic(encoding, "a\"b", {36, 4});
        assert_text(lines(frame),
                    R"({"op":"topic","topic":"a\"b","epoch":"10","seq":4})");
        assert_int_equal(frame->messages(), 0);
        frame = own.encoder.gap(encoding, "a\"b", gap);
        assert_text(
            lines(frame),
            R"({"op":"gap","topic":"a\"b","from":3,"to":5,"cause":"evicted"})");
        frame = own.encoder.gone(encoding, "a\"b", "deleted");
        assert_text(lines(frame),
                    R"({"op":"gone","topic":"a\"b","reason":"deleted"})");
    }
    for (const Encoding encoding : {kPlain, kPlainDeflated}) {
        assert_false(bool(own.encoder.topic(encoding, "a", {1, 1})));
        assert_false(bool(own.encoder.gap(encoding, "a", gap)));
        assert_false(bool(own.encoder.gone(encoding, "a", "deleted")));
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_messages, make_state<Fixture>,
                                        destroy_state<Fixture>),
        cmocka_unit_test_setup_teardown(test_a_part_of_a_batch,
                                        make_state<Fixture>,
                                        destroy_state<Fixture>),
        cmocka_unit_test_setup_teardown(test_notices, make_state<Fixture>,
                                        destroy_state<Fixture>),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
