// A topic's latest message: each frame of it is made once, and deltas begin
// with what their subscriber has.
#include <string>

#include "broker/latest.hpp"
#include "broker/message_frames.hpp"
#include "support/asserts.hpp"
#include "support/word_encoder.hpp"
#include "support/zone.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

// Long enough that a delta is smaller; the first letter tells them apart.
std::string text(char first)
{
    return first + std::string(200, 'x');
}

struct Messages {
    Messages()
    {
        for (const char letter : std::string("abcd")) {
            zone.put("t", text(letter), keeping(10));
        }
        const ReadFrom all{ReadFrom::Kind::last, 10, {}};
        (void)zone.store->topics.read("t", all, {}, batch);
    }
    // Makes batch[i] the latest, as a delivery does.
    void come(size_t i)
    {
        latest.set(batch, i, latest.make_texts(batch, i, i + 1, true));
    }
    std::string data()
    {
        return std::string(WordEncoder::words(frame(nullptr)));
    }
    std::string for_base(const DeltaBase& base)
    {
        return std::string(WordEncoder::words(frame(&base)));
    }
    FrameRef frame(const DeltaBase* base)
    {
        return latest.frame(encoder, Encoding{}, "t", base);
    }

    Zone zone;
    Batch batch; // a, b, c and d: seq 1 to 4
    WordEncoder encoder;
    DeltaMaker deltas;
    Latest latest{deltas};
};

void test_frames_are_shared(void** state)
{
    auto& m = state_of<Messages>(state);
    assert_true(m.latest.empty());
    m.come(0);
    assert_text(m.data(), "data " + text('a'));
    const FrameRef first = m.frame(nullptr);
    assert_ptr_equal(first->data(), m.frame(nullptr)->data());
    m.come(1);
    assert_text(m.data(), "data " + text('b'));
}

void test_deltas(void** state)
{
    auto& m = state_of<Messages>(state);
    m.come(0);
    m.latest.want_texts(); // also of the message that is there
    DeltaBase base;
    assert_text(m.for_base(base), "texts a");
    m.latest.become_base(base, false);
    assert_int_equal(base.seq, 1);
    assert_null(base.text.get());
    m.come(1);
    assert_text(m.for_base(base), "texts delta from 1");
    m.come(2); // the base is not the one before, and its text is not kept
    assert_text(m.for_base(base), "texts c");
}

void test_kept_base(void** state)
{
    auto& m = state_of<Messages>(state);
    m.latest.want_texts();
    m.come(0);
    DeltaBase one;
    DeltaBase other;
    m.latest.become_base(one, true);
    m.latest.become_base(other, true);
    m.come(1);
    assert_int_equal(m.deltas.kept_bytes(), text('a').size());
    m.come(3);
    assert_text(m.for_base(one), "texts delta from 1");
    assert_ptr_equal(m.frame(&one)->data(), m.frame(&other)->data());
    one.forget();
    assert_int_equal(m.deltas.kept_bytes(), text('a').size());
    other.forget();
    assert_int_equal(m.deltas.kept_bytes(), 0);
    assert_text(m.for_base(one), "texts d");
}

void test_gap(void** state)
{
    auto& m = state_of<Messages>(state);
    m.come(3);
    const auto gap = [&](uint64_t from) {
        return m.latest.gap(m.encoder, Encoding{}, "t", from);
    };
    assert_text(WordEncoder::words(gap(2)), "gap 2 to 3 conflated");
    assert_ptr_equal(gap(2)->data(), gap(2)->data());
    assert_text(WordEncoder::words(gap(3)), "gap 3 to 3 conflated");
}

// Several messages at once: the first as text or as a delta, the others as
// deltas.
void test_several(void** state)
{
    auto& m = state_of<Messages>(state);
    m.latest.want_texts();
    m.come(0);
    DeltaBase has_first;
    m.latest.become_base(has_first, false);
    MessageFrames frames(m.encoder, "t", m.batch, 1, 4);
    assert_int_equal(frames.first_seq(), 2);
    frames.set_texts(m.latest.make_texts(m.batch, 1, 4, true));
    assert_text(WordEncoder::words(frames.texts(Encoding{}, has_first)),
                "texts delta from 1 delta from 2 delta from 3");
    assert_text(WordEncoder::words(frames.texts(Encoding{}, {})),
                "texts b delta from 2 delta from 3");
    MessageFrames plain(m.encoder, "t", m.batch, 1, 3);
    assert_text(WordEncoder::words(plain.texts(Encoding{}, has_first)),
                "data " + text('b') + ' ' + text('c'));
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const auto test = [](const char* name, CMUnitTestFunction function) {
        return CMUnitTest{name, function, make_state<Messages>,
                          destroy_state<Messages>, nullptr};
    };
    const CMUnitTest tests[] = {
        test("frames_are_shared", test_frames_are_shared),
        test("deltas", test_deltas),
        test("kept_base", test_kept_base),
        test("gap", test_gap),
        test("several", test_several),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
