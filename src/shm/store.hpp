// A zone as its workers use it: topics, what they keep, and who reads them.
//
// One object in each process, over the one shared ZoneHeader. Every function
// takes the zone's lock for itself, copies what it answers, and holds no
// reference into the zone when it returns.
//
// Thread safety: one thread a process; any number of processes.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/topic.hpp"
#include "shm/batch.hpp"
#include "shm/layout.hpp"
#include "shm/memory.hpp"
#include "shm/topic_table.hpp"
#include "shm/transaction.hpp"

namespace ws_pubsub {

using WorkerId = uint16_t;

// What has to be so for a publish to happen.
struct Condition {
    enum class Kind : uint8_t { none, absent, exists, at };
    Kind kind = Kind::none;
    Position at; // with Kind::at
};

struct Publication {
    std::string_view topic;
    PayloadKind kind = PayloadKind::text;
    std::string_view content_type;
    std::string_view payload;
    Policy policy;
    int64_t now_ms = 0;
    Condition condition;
    std::string_view idempotency_key; // empty: none
    std::string_view keyed_body;      // sent with the key; empty: the payload

    [[nodiscard]] std::string_view body() const
    {
        return keyed_body.empty() ? payload : keyed_body;
    }
    [[nodiscard]] size_t item_bytes() const
    {
        return Item::bytes_of(content_type, payload);
    }
};

struct PublishAnswer {
    Position at;
    uint32_t subscribers = 0; // sessions on all workers, when it was published
};

// Which of a topic's kept messages to read.
struct ReadFrom {
    enum class Kind : uint8_t { nothing, value, last, after };
    Kind kind = Kind::value;
    uint32_t last = 0; // with last: how many of the newest
    Position after;    // with after: what the reader has already
};

struct ReadLimits {
    size_t items = SIZE_MAX;
    size_t bytes = SIZE_MAX;
};

// Beside the messages of a read.
struct ReadAnswer {
    Position newest;   // epoch 0: the topic is not there
    bool found = true; // `after` is a position of this epoch that still holds
    uint64_t lost_from = 0; // seqs that are not there any more, both included;
    uint64_t lost_to = 0;   // from 0: none
    bool more = false;      // a limit cut the answer
    bool expired = false;   // the topic had a value that has become too old
};

struct TopicRow {
    std::string path;
    Position newest;
};

// That an identity came to a topic, or has left it.
struct PresenceChange {
    bool join = false;
    std::string who;
};

// Who is subscribed to a topic by its name.
struct Presence {
    std::vector<std::string> who; // each once, in order
    uint64_t connections = 0;     // of all, also those that are not listed
    bool more = false;            // there may be more than those listed
};

// What a worker finds in its inbox.
struct Delivery {
    Interest* interest = nullptr; // stays valid until drop_interest()
    uint64_t token = 0;
    Position newest;  // of the topic, whether it was read by now or not
    std::string path; // filled only when the token is 0
    std::vector<PresenceChange> presence;
};

struct Joined {
    Interest* interest = nullptr;
    Position newest;
    bool unread = false; // messages up to `newest` are still in the inbox
};

struct SubscriberCount {
    Interest* interest;
    uint32_t sessions;
};

struct ZoneStatus {
    size_t zone_bytes = 0;
    size_t free_bytes = 0;
    ZoneTotals totals{};
    uint64_t sessions = 0;
    uint64_t subscriptions = 0;
    uint32_t workers = 0;
};

class Store {
public:
    // Lays out an empty zone of `zone_bytes`; nullptr when that is too small.
    static ZoneHeader* create(Memory& memory, size_t zone_bytes, uint64_t seed,
                              int64_t now_ms);
    // nullopt: the bytes are a zone of this layout. Else what is wrong.
    static std::optional<std::string_view> check(const ZoneHeader& header);

    Store(Memory& memory, Waker& waker, ZoneHeader& header, const Clock& clock)
        : memory_(memory), waker_(waker), header_(header), clock_(clock),
          table_(header)
    {}

    // --- publish.cpp
    Result<PublishAnswer> publish(const Publication& publication);
    // Publishes what `change` makes of the topic's value, which nobody else
    // can change meanwhile. It runs under the lock, so it is for those only
    // who have lost enough races. The publication may refer to the batch.
    using Change = std::function<std::optional<Error>(
        const ReadAnswer& answer, const Batch& value, Publication& made)>;
    Result<PublishAnswer> publish_change(Publication publication,
                                         const Change& change);
    // What an earlier publish with this topic and idempotency key was
    // answered; nothing if there was none.
    std::optional<Result<PublishAnswer>>
    find_answer(const Publication& publication);
    // True if the topic was there. Its readers get a gone mark. `condition` is
    // asked only where it is.
    Result<bool> remove(std::string_view path, int64_t now_ms,
                        const Condition& condition = {});

    // --- read.cpp
    [[nodiscard]] Position newest(std::string_view path);
    ReadAnswer read(std::string_view path, const ReadFrom& from,
                    const ReadLimits& limits, Batch& out);
    // The next few topics in path order, of which those that match come into
    // `out`, up to `limit` in all; `after` goes along. For long lists that
    // must not be in one piece.
    enum class Scan : uint8_t { paused, full, ended };
    Scan scan(const Selector& selector, std::string& after, size_t limit,
              std::vector<TopicRow>& out);
    // Up to `limit` topics in path order after `after`. True: there are more.
    bool list(const Selector& selector, std::string_view after, size_t limit,
              std::vector<TopicRow>& out);

    // --- inbox.cpp: a worker and what it reads
    // Messages from now on will arrive, and those that a still unclaimed
    // interest has waiting. No interest when the zone is full.
    Joined add_interest(WorkerId worker, std::string_view path, uint64_t token);
    void claim_interest(Interest& interest, uint64_t token);
    void drop_interest(Interest& interest);
    // Only if the topic is not there and nothing is unread; else false.
    bool drop_if_gone(Interest& interest);
    void set_subscribers(std::span<const SubscriberCount> counts);
    // The next topic with unread items, up to about `max_bytes` of them; none
    // if all were evicted. False when the inbox is empty.
    bool read_inbox(WorkerId worker, size_t max_bytes, Delivery& delivery,
                    Batch& out);
    // The unread items of one topic; then what `from` asks of those before.
    ReadAnswer catch_up(Interest& interest, const ReadFrom& from,
                        const ReadLimits& limits, Batch& unread, Batch& kept);

    // --- selectors.cpp: who wants topics that come to be
    // Also an exact one, whose sessions are to be counted. nullptr when the
    // zone is full.
    SelectorRecord* add_selector(WorkerId worker, const Selector& selector);
    // Of sessions that have all of these, with wildcards, of which some may
    // match the same topic. nullptr when the zone is full.
    SelectorRecord* add_overlap(WorkerId worker,
                                std::vector<std::string_view> selectors);
    void set_sessions(SelectorRecord& record, uint32_t sessions);
    void remove_selector(SelectorRecord& record);
    // Counts one more session, unless those of that very selector are `most`
    // already on all workers: false.
    bool admit_session(SelectorRecord& record, uint32_t most);

    // --- presence.cpp
    // One more session of that identity is subscribed to the interest's topic
    // by name. False when the zone is full.
    bool join(const Interest& interest, std::string_view identity);
    // One less. `expected_back`: the session ends with its worker, and its
    // identity leaves only if no other one comes for kPresenceGraceMs.
    void leave(const Interest& interest, std::string_view identity,
               bool expected_back = false);
    [[nodiscard]] Presence who(std::string_view path, size_t limit);

    // --- workers.cpp
    // Makes slots usable: each needs an eventfd that all workers inherit.
    // Returns how many more are wanted so that `wanted` are free.
    size_t missing_slots(size_t wanted);
    void add_slot(int wake_fd);
    // How many there are; slots are made in order and never unmade.
    size_t made_slots();
    // Takes one of the first `slots`: those whose eventfd the caller has.
    std::optional<WorkerId> attach(const ProcessId& process,
                                   size_t slots = kMaxWorkers);
    void detach(WorkerId worker);
    // Frees the slots of workers of which `is_alive` says false; returns how
    // many there were.
    size_t bury_dead(bool (*is_alive)(const ProcessId& process));
    // False when the zone has `limit` sessions already (0: no limit).
    bool open_session(WorkerId worker, uint64_t limit);
    void close_session(WorkerId worker);
    WorkerCounters& counters(WorkerId worker);
    [[nodiscard]] int wake_fd(WorkerId worker) const;
    ZoneStatus status();

    // --- expire.cpp
    // Does what time brings: messages, idle topics and idempotency keys go,
    // and those leave who are away for too long.
    // To be called about once a second. True: there was too much for one
    // turn; call again, after others had theirs.
    bool expire(int64_t now_ms);

private:
    // full.cpp
    struct Eviction {
        size_t items = 0;
        size_t bytes = 0;
    };
    bool evict_some(Transaction& tx, size_t bytes, Eviction& so_far);
    std::optional<PublishAnswer> replace_value(Transaction& tx,
                                               const Publication& publication);
    std::optional<PublishAnswer>
    replace_by_spare(Transaction& tx, const Publication& publication,
                     Topic& topic);
    void restore_spare(Transaction& tx);
    Item* new_mark(Transaction& tx, const Topic& topic, int64_t now_ms);
    void drop_log(Transaction& tx, Topic& topic);
    // publish.cpp
    // What a publish may use: all but the first only for a value that replaces
    // one which is no smaller.
    enum class Room : uint8_t { ordinary, reserve, spare };
    std::optional<PublishAnswer> try_publish(Transaction& tx,
                                             const Publication& publication,
                                             Room room = Room::ordinary);
    [[nodiscard]] bool may_publish(const Publication& publication) const;
    Result<PublishAnswer> publish_locked(Transaction& tx,
                                         const Publication& publication);
    Result<PublishAnswer> tell(const Result<PublishAnswer>& result);
    std::optional<Result<PublishAnswer>> replay(Transaction& tx,
                                                const Publication& publication);
    Topic* topic_to_publish(Transaction& tx, const Publication& publication);
    bool begin_epoch(Transaction& tx, Topic& topic);
    void end_epoch(Transaction& tx, Topic& topic);
    uint32_t notify_readers(Transaction& tx, Topic& topic);
    void wake_readers();
    // keys.cpp
    [[nodiscard]] KeyRecord* find_key(const Topic& topic, std::string_view key);
    bool add_key(Transaction& tx, const Publication& publication,
                 const PublishAnswer& answer);
    void drop_oldest_key(Transaction& tx);
    void expire_keys(Transaction& tx, int64_t now_ms);
    // expire.cpp
    bool set_clock(Transaction& tx, Topic& topic, const Policy& policy,
                   int64_t now_ms);
    void drop_clock(Transaction& tx, Topic& topic);
    void schedule(Transaction& tx, Topic& topic);
    void restart_idle(Transaction& tx, Topic& topic);
    void expire_topic(Transaction& tx, Topic& topic, int64_t now_ms,
                      size_t& steps);
    bool expire_some(Transaction& tx, int64_t now_ms);
    // selectors.cpp
    SelectorRecord* add_record(WorkerId worker, std::string_view text,
                               std::string_view prefix, bool overlap);
    template <class F>
    void each_selector_of(std::string_view path, F&& f);
    bool is_selected(std::string_view path);
    SelectorRecord** selector_bucket(uint64_t prefix_hash);
    void free_selector(Transaction& tx, SelectorRecord& record);
    bool tell_selectors(Transaction& tx, Topic& topic);
    // presence.cpp
    [[nodiscard]] uint64_t presence_hash(const Topic& topic,
                                         std::string_view identity) const;
    Present** presence_bucket(uint64_t hash);
    Present* find_present(const Topic& topic, std::string_view identity,
                          std::optional<WorkerId> worker);
    TopicPresence* presence_of(Transaction& tx, Topic& topic);
    Present* new_present(Transaction& tx, Topic& topic, WorkerId worker,
                         std::string_view identity);
    static PresenceEvent* new_event(Transaction& tx, std::string_view identity,
                                    bool join);
    void tell_presence(Transaction& tx, Topic& topic, PresenceEvent& event);
    void trim_presence(Transaction& tx, Topic& topic);
    void drop_presence_head(Transaction& tx, TopicPresence& presence);
    void unlink_owned(Transaction& tx, Present& present);
    void free_present(Transaction& tx, Present& present);
    void send_away(Transaction& tx, Present& present);
    bool end_absences(Transaction& tx, int64_t now_ms);
    void read_presence(Transaction& tx, Interest& interest,
                       std::vector<PresenceChange>& out);
    // inbox.cpp
    Interest* new_interest(Transaction& tx, Topic& topic, WorkerId worker,
                           uint64_t token);
    void push_inbox(Transaction& tx, Interest& interest);
    void pop_inbox(Transaction& tx, WorkerSlot& slot);
    void free_interest(Transaction& tx, Interest& interest);
    void free_topic_if_unused(Transaction& tx, Topic& topic);
    bool read_unread(Transaction& tx, Interest& interest, size_t max_bytes,
                     Batch& out);
    void finish_reading(Transaction& tx, Topic& topic);
    // read.cpp
    ReadAnswer read_kept(Topic* topic, const ReadFrom& from,
                         const ReadLimits& limits, Batch& out);
    // workers.cpp
    void release_slot(Transaction& tx, WorkerSlot& slot);

    Memory& memory_;
    Waker& waker_;
    ZoneHeader& header_;
    const Clock& clock_; // for reading; writers bring their time along
    TopicTable table_;
    std::vector<WorkerId> to_wake_;
};

} // namespace ws_pubsub
