// Deltas for those who don't get every message, because their rate or the
// topic's conflation leaves some out: whoever follows them has the text that
// was published, byte for byte.
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <jansson.h>

#include "base/limits.hpp"
#include "support/apply_delta.hpp"
#include "support/asserts.hpp"
#include "support/clients.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

constexpr const char* kTopic = "book";

// A subscriber that takes deltas. Invariant: `text` is that of message `seq`.
class Reader {
public:
    Reader(TestWorker& worker, TestClient& client)
        : worker_(worker), client_(client)
    {}

    void read(const std::vector<std::string>& sent)
    {
        worker_.broker.resume(client_.session());
        for (const ServerFrame& frame : client_.take_frames()) {
            json_error_t error;
            json_t* said = json_loads(frame.payload.c_str(), 0, &error);
            assert_non_null(said);
            follow(said, sent);
            json_decref(said);
        }
    }

    int deltas = 0;
    int whole = 0;
    int far_deltas = 0; // from others than the message before
    uint64_t seq = 0;

private:
    static const char* word(const json_t* said, const char* name)
    {
        return json_string_value(json_object_get(said, name));
    }
    static uint64_t number(const json_t* said, const char* name)
    {
        return static_cast<uint64_t>(
            json_integer_value(json_object_get(said, name)));
    }

    void follow(const json_t* said, const std::vector<std::string>& sent)
    {
        const char* op = word(said, "op");
        if (op == nullptr || std::string_view(op) == "topic") {
            return;
        }
        if (std::string_view(op) == "gap") {
            assert_int_equal(number(said, "from"), seq + 1);
            seq = number(said, "to");
            return;
        }
        const uint64_t now = number(said, "seq");
        assert_true(now == seq + 1 || text_seq_ == 0);
        seq = now;
        if (std::string_view(op) == "delta") {
            take_delta(said);
        } else {
            const char* text = word(said, "json");
            text_ = text != nullptr ? text : word(said, "text");
            whole++;
        }
        text_seq_ = seq;
        assert_text(text_, sent[seq - 1]);
    }

    void take_delta(const json_t* said)
    {
        assert_int_equal(number(said, "base"), text_seq_);
        const json_t* delta = json_object_get(said, "delta");
        std::string rebuilt;
        assert_true(
            apply_delta(rebuilt, text_,
                        {json_string_value(delta), json_string_length(delta)}));
        text_ = rebuilt;
        deltas++;
        far_deltas += seq > text_seq_ + 1 ? 1 : 0;
    }

    TestWorker& worker_;
    TestClient& client_;
    std::string text_;
    uint64_t text_seq_ = 0;
};

// Values that change by a few fields, with characters of all lengths.
class Values {
public:
    explicit Values(unsigned seed) : random_(seed), fields_(60, "0") {}

    std::string next()
    {
        static const char* const kValues[] = {"é",  "한글", "😀",      "\\\"",
                                              "17", "",     "\\u0000"};
        for (int i = 0; i < 3; i++) {
            fields_[random_() % fields_.size()] =
                kValues[random_() % std::size(kValues)];
        }
        std::string text = "[\"\"";
        for (size_t i = 0; i < fields_.size(); i++) {
            text += ",{\"n" + std::to_string(i) + "\":\"" + fields_[i] + "\"}";
        }
        return text + "]";
    }

private:
    std::mt19937 random_;
    std::vector<std::string> fields_;
};

class Book {
public:
    explicit Book(Cluster& cluster, Conflate conflate = Conflate::off)
        : cluster_(cluster)
    {
        Policy policy;
        policy.delta = true;
        policy.conflate = conflate;
        cluster.policies.add(*Selector::parse("**"), policy);
    }

    Reader& follow(const std::string& more, size_t queue_bytes = 1 << 20)
    {
        ClientOptions options;
        options.limits.queue_bytes = queue_bytes;
        TestClient& client = cluster_.connect(options);
        client.sub(kTopic, R"(,"delta":true)" + more);
        readers_.push_back(std::make_unique<Reader>(cluster_.first, client));
        return *readers_.back();
    }

    void put(std::string text, PayloadKind kind = PayloadKind::json)
    {
        sent_.push_back(std::move(text));
        Change publication = Zone::publication(kTopic, sent_.back());
        publication.kind = kind;
        assert_true(bool(cluster_.first.store.topics.publish(publication)));
        cluster_.run();
    }

    void pass(int64_t ms)
    {
        cluster_.first.clock.now += ms;
        cluster_.first.broker.run_due();
    }

    void read(Reader& reader) { reader.read(sent_); }
    void read_all()
    {
        for (const auto& reader : readers_) {
            read(*reader);
        }
    }

    [[nodiscard]] uint64_t last() const { return sent_.size(); }
    [[nodiscard]] const auto& readers() const { return readers_; }

private:
    Cluster& cluster_;
    std::vector<std::string> sent_;
    std::vector<std::unique_ptr<Reader>> readers_;
};

void test_a_rate(void** state)
{
    Book book(state_of<Cluster>(state));
    Values values(1);
    Reader& reader = book.follow(R"(,"rate":1)");
    for (int i = 0; i < 100; i++) {
        book.put(values.next());
        book.read_all();
        book.pass(100);
    }
    book.pass(1000);
    book.read_all();
    assert_int_equal(reader.seq, book.last());
    assert_int_equal(reader.whole, 1);
    assert_true(reader.far_deltas >= 9);
}

// However many bases there are, only some of them are kept; those of the
// others get the text itself.
void test_more_bases_than_are_kept(void** state)
{
    Book book(state_of<Cluster>(state));
    Values values(2);
    book.put(values.next());
    constexpr size_t kReaders = 3 * kMaxBaseTexts;
    for (size_t i = 0; i < kReaders; i++) {
        Reader& reader = book.follow(R"(,"rate":1)");
        book.read(reader);
        book.put(values.next());
        book.pass(1);
    }
    book.pass(2000);
    book.read_all();
    size_t with_delta = 0;
    for (const auto& reader : book.readers()) {
        assert_int_equal(reader->seq, book.last());
        with_delta += reader->far_deltas > 0 ? 1 : 0;
    }
    assert_int_equal(with_delta, kMaxBaseTexts);

    // They are all at the same message now.
    book.put(values.next());
    book.put(values.next());
    book.pass(2000);
    book.read_all();
    for (const auto& reader : book.readers()) {
        assert_int_equal(reader->seq, book.last());
        assert_true(reader->far_deltas > 0);
    }
}

void test_another_kind(void** state)
{
    Book book(state_of<Cluster>(state));
    Values values(3);
    Reader& reader = book.follow(R"(,"rate":1)");
    book.put(values.next());
    book.read_all();
    book.put(values.next());
    book.put(values.next(), PayloadKind::text);
    book.pass(1000);
    book.read_all();
    assert_int_equal(reader.whole, 2);
    book.put(values.next(), PayloadKind::text);
    book.put(values.next(), PayloadKind::text);
    book.pass(1000);
    book.read_all();
    assert_int_equal(reader.whole, 2);
    assert_int_equal(reader.far_deltas, 1);
}

void test_the_rate_ends(void** state)
{
    auto& cluster = state_of<Cluster>(state);
    Book book(cluster);
    Values values(4);
    Reader& reader = book.follow(R"(,"rate":1)");
    book.put(values.next());
    book.put(values.next());
    // The same topic with every message, and not as text.
    cluster.clients.back()->sub("**", R"(,"since":"new")");
    book.read_all();
    book.pass(1000);
    book.read_all();
    assert_int_equal(reader.seq, 2);
    for (const auto& client : cluster.clients) {
        client->say(R"({"op":"unsub","topic":"book"})");
    }
    book.put(values.next());
}

void random_run(unsigned seed, Conflate conflate)
{
    Cluster cluster;
    Book book(cluster, conflate);
    Values values(seed);
    std::mt19937 random(seed);
    static const char* const kRates[] = {"", R"(,"rate":20)", R"(,"rate":5)",
                                         R"(,"rate":1.5)", R"(,"rate":0.3)"};
    for (int i = 0; i < 20; i++) {
        const bool lags = conflate == Conflate::off || random() % 2 == 0;
        book.follow(kRates[random() % std::size(kRates)],
                    lags ? 1 << 20 : 6000);
    }
    for (int i = 0; i < 300; i++) {
        book.put(values.next(),
                 random() % 40 == 0 ? PayloadKind::text : PayloadKind::json);
        book.pass(static_cast<int64_t>(random() % 100));
        for (const auto& reader : book.readers()) {
            if (conflate == Conflate::off || random() % 8 == 0) {
                book.read(*reader);
            }
        }
    }
    book.read_all();
    book.pass(10'000);
    book.read_all();
    book.read_all();
    int far_deltas = 0;
    for (const auto& reader : book.readers()) {
        assert_int_equal(reader->seq, book.last());
        far_deltas += reader->far_deltas;
    }
    assert_true(far_deltas > 100);
    cluster.clients.clear();
    cluster.run();
}

void test_random_rates_and_stalls(void** /*state*/)
{
    for (unsigned seed = 1; seed <= 10; seed++) {
        random_run(seed, Conflate::off);
        random_run(seed, Conflate::full);
        random_run(seed, Conflate::always);
    }
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_rate, make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_more_bases_than_are_kept,
                                        make_cluster, end_cluster),
        cmocka_unit_test_setup_teardown(test_another_kind, make_cluster,
                                        end_cluster),
        cmocka_unit_test_setup_teardown(test_the_rate_ends, make_cluster,
                                        end_cluster),
        cmocka_unit_test(test_random_rates_and_stalls),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
