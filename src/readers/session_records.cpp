#include "readers/session_records.hpp"

#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "base/close_code.hpp"
#include "json/writer.hpp"
#include "shm/list.hpp"
#include "topics/shares.hpp"

namespace ws_pubsub {

namespace {

using OfWorker = ZoneList<&SessionRecord::prev, &SessionRecord::next>;

std::string begin_event(std::string_view event, std::string_view about)
{
    std::string text;
    JsonWriter(text).begin_object().name("event").string(event).raw(about);
    return text;
}

} // namespace

// nullptr when there is no room for what is there for clients alone.
SessionRecord* SessionRecords::make(Transaction& tx, WorkerId worker,
                                    std::string_view about)
{
    void* block = tx.allocate(SessionRecord::bytes_of(about));
    if (block == nullptr) {
        return nullptr;
    }
    auto* record = new (block) SessionRecord{};
    record->since_ms = access_.clock.ticks_ms();
    record->about_bytes = static_cast<uint32_t>(about.size());
    record->worker = worker;
    std::memcpy(record + 1, about.data(), about.size());
    OfWorker::push_front_new(tx, header_.workers[worker].sessions, *record);
    Shares shares(header_, tx);
    shares.hold(SessionRecord::bytes_of(about));
    return shares.is_within() ? record : nullptr;
}

SessionRecord* SessionRecords::open(WorkerId worker, std::string_view about)
{
    std::string text = begin_event("open", about);
    events_.append_time(text);
    Transaction tx(access_);
    const bool room =
        events_.make_room(tx, text.size() + SessionRecord::bytes_of(about));
    SessionRecord* record = make(tx, worker, about);
    if (record != nullptr) {
        events_.publish(tx, EventTopic::sessions, std::move(text), room);
    } else {
        tx.rollback();
        events_.lose(tx, EventTopic::sessions);
    }
    events_.settle(tx);
    return record;
}

void SessionRecords::close(SessionRecord* record, uint16_t code,
                           const SessionCounts& counts)
{
    Transaction tx(access_);
    if (record == nullptr) {
        return events_.lose(tx, EventTopic::sessions);
    }
    end(tx, *record, code, counts);
}

void SessionRecords::end_first(Transaction& tx, WorkerSlot& slot)
{
    end(tx, *slot.sessions, kCloseAbnormal, std::nullopt);
}

// Commits.
void SessionRecords::end(Transaction& tx, SessionRecord& record, uint16_t code,
                         const std::optional<SessionCounts>& counts)
{
    std::string text = begin_event("close", record.about());
    events_.append_time(text);
    JsonWriter out(text);
    out.name("code").number(code);
    out.name("duration")
        .number(
            static_cast<uint64_t>(access_.clock.ticks_ms() - record.since_ms));
    if (counts) {
        out.name("in").number(counts->in);
        out.name("out").number(counts->out);
    }
    const bool room = events_.make_room(tx, text.size());
    OfWorker::remove(tx, header_.workers[record.worker].sessions, record);
    Shares(header_, tx).let_go(SessionRecord::bytes_of(record.about()));
    tx.release(&record);
    events_.publish(tx, EventTopic::sessions, std::move(text), room);
    events_.settle(tx);
}

} // namespace ws_pubsub
