#include "support/log_host.hpp"

#include <set>

#include "support/check_heap.hpp"
#include "support/check_zone.hpp"
#include "topics/logical_bytes.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {

namespace {

class Line {
public:
    explicit Line(std::string& out, std::string_view word) : out_(out)
    {
        out_ += word;
    }
    ~Line() { out_ += '\n'; }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    template <class T>
    Line& add(T value)
    {
        out_ += ' ' + std::to_string(value);
        return *this;
    }
    Line& text(std::string_view text)
    {
        out_ += " \"";
        out_ += text;
        out_ += '"';
        return *this;
    }

private:
    std::string& out_;
};

void add_book(std::string& out, const ZoneHeader& header)
{
    const ReplicaBook& book = header.replica;
    Line(out, "log")
        .add(book.last.ms)
        .add(book.last.number)
        .add(book.last_nonce)
        .add(book.time_ms)
        .add(book.entries)
        .add(book.used_bytes)
        .add(book.capacity_bytes)
        .add(book.body_seed[0])
        .add(book.body_seed[1])
        .text(book.lineage_text());
    Line(out, "term")
        .add(header.terms)
        .add(header.term_epoch)
        .add(header.next_epoch);
    for (const HostRecord& host : book.hosts) {
        if (host.id != 0) {
            Line(out, "host")
                .add(host.id)
                .add(host.capacity_bytes)
                .add(host.sessions)
                .add(host.position.ms)
                .add(host.heard_ms)
                .add(host.format);
        }
    }
    for (const OriginRecord* origin = book.origin_head; origin != nullptr;
         origin = origin->next) {
        if (origin->number != 0) {
            Line(out, "origin")
                .add(origin->id)
                .add(origin->number)
                .add(origin->heard_ms);
        }
    }
}

void add_topic(std::string& out, Topic& topic)
{
    Line line(out, "topic");
    line.text(topic.path())
        .add(topic.epoch)
        .add(topic.seq)
        .add(topic.life())
        .add(topic.keep)
        .add(topic.retain);
    for (size_t i = 0; topic.forks != nullptr && i < topic.forks->count; i++) {
        line.text("fork")
            .add(topic.forks->points[i].epoch)
            .add(topic.forks->points[i].seq);
    }
    if (topic.clock != nullptr) {
        line.text("clock")
            .add(topic.clock->ttl_ms)
            .add(topic.clock->idle_ms)
            .add(topic.clock->active_ms);
    }
    const Item* value = topic.tail;
    if (topic.retain && value != nullptr && TopicLog::is_kept(topic, *value)) {
        line.text("value")
            .add(value->epoch)
            .add(value->seq)
            .add(value->time_ms)
            .add(value->born_ms)
            .add(static_cast<int>(value->payload_kind))
            .text(value->content_type())
            .text(value->payload());
    }
}

} // namespace

std::string answer_text(const Result<ChangeAnswer>& result)
{
    return result
               ? std::to_string(result->at.epoch) + ':' +
                     std::to_string(result->at.seq)
               : std::to_string(static_cast<int>(result.error().code)) + '.' +
                     std::to_string(static_cast<int>(result.error().cause));
}

void RecordingAnswers::answer(Transaction& tx, const EntryHead& head,
                              const Result<ChangeAnswer>& result)
{
    if (cell != nullptr) {
        tx.set(*cell, *cell * 10 + (result ? 1 : 2));
        return;
    }
    texts[head.nonce] = answer_text(result);
}

LogHost::LogHost(size_t arena_bytes, size_t zone_bytes, const HashKey& key)
    : memory(arena_bytes),
      header(Store::create(memory, zone_bytes, key, host_clock)),
      clock(host_clock, *header), store(memory, waker, *header, clock),
      applier(store.topics.parts(), host_clock, answers, &store.people)
{
    keep_nothing(*header);
    applier.begin({{kLogStartMs, 0}, 0, int64_t{kLogStartMs}, 1});
}

Applied LogHost::step(const LoggedEntry& entry)
{
    const auto read = decode_entry(entry.bytes);
    assert_true(read.has_value());
    return applier.step(entry.id, *read);
}

Applied LogHost::apply(const LoggedEntry& entry)
{
    return apply(entry, applier);
}

Applied LogHost::apply(const LoggedEntry& entry, Applier& with)
{
    const auto read = decode_entry(entry.bytes);
    assert_true(read.has_value());
    for (size_t i = 0; i < 10'000; i++) {
        const Applied applied = with.step(entry.id, *read);
        if (applied != Applied::more) {
            return applied;
        }
    }
    return Applied::more;
}

std::string LogHost::state()
{
    std::string out;
    add_book(out, *header);
    for (Topic* topic = TopicTable(*header).first_after({}); topic != nullptr;
         topic = topic->next()[0]) {
        if (topic->epoch != 0 && !is_reserved(topic->path())) {
            add_topic(out, *topic);
        }
    }
    for (const KeyList& keys : header->keys) {
        for (KeyRecord* key = keys.head; key != nullptr; key = key->age_next) {
            Line(out, "key")
                .text(key->key())
                .add(key->life)
                .add(key->seq)
                .add(key->body_hash)
                .add(key->expires_ms);
        }
    }
    return out;
}

std::string LogHost::fault()
{
    return fault_of(*header, memory.heap());
}

} // namespace ws_pubsub
