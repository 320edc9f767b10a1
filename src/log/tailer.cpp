#include "log/tailer.hpp"

#include <utility>

#include "base/keyed_hash.hpp"
#include "base/limits.hpp"
#include "base/readable.hpp"
#include "log/entry.hpp"
#include "log/log_id.hpp"
#include "topics/forks.hpp"

namespace ws_pubsub {

namespace {

constexpr int64_t kFollowMs = 1000;
constexpr int64_t kStuckMs = 5000;

// Reads that bring fewer entries, and come within a millisecond of each other,
// cost more than these entries: then the next one waits a millisecond.
constexpr size_t kFewEntries = 15;

// Where a zone stands in its log.
struct Place {
    bool has_position = false;
    bool is_rewound = false;
    LogId last{};
    uint64_t nonce = 0;
    uint64_t entries = 0; // that it has applied
    std::string lineage;
};

Place place_of(TopicParts& parts)
{
    const Transaction tx(parts.access);
    const ReplicaBook& book = parts.header.replica;
    return {book.has_position(), book.rewound != 0,
            book.last,           book.last_nonce,
            book.entries,        std::string(book.lineage_text())};
}

} // namespace

Tailer::Tailer(Store& store, const TailerHost& self, Log& following,
               Log& appending, const Clock& host, TailerOwner& owner)
    : store_(store), following_(following), host_(host), owner_(owner),
      answers_(store.answers),
      applier_(store.topics.parts(), host, answers_, &store.people),
      announcer_(store, self, appending, host)
{}

void Tailer::on_open(std::string_view lineage)
{
    lineage_ = lineage;
    look_up();
}

void Tailer::on_closed(std::string_view why)
{
    leave_phase();
    phase_ = Phase::closed;
    is_reading_ = false;
    if (down_why_ != why) {
        down_why_ = why;
        owner_.log(LogLevel::warn, (down_ms_ ? "still no Redis: "
                                             : "Redis is not reachable: ") +
                                       down_why_);
    }
    down_ms_ = down_ms_.value_or(host_.ticks_ms());
}

void Tailer::leave_phase()
{
    if (phase_ == Phase::joining) {
        owner_.stop_joining();
    } else if (phase_ == Phase::following) {
        owner_.end_following();
    }
}

// Whether the zone goes on from something that is in the log.
void Tailer::look_up()
{
    read_.clear();
    bytes_.clear();
    next_ = 0;
    is_reading_ = false;
    const Place place = place_of(store_.topics.parts());
    leave_phase();
    if (!place.has_position) {
        return must_join();
    }
    phase_ = Phase::looking;
    following_.look_up(
        place.last, [this](const LogOutcome& outcome, const LogRecord* record) {
            take_look_up(outcome, record);
        });
}

void Tailer::take_look_up(const LogOutcome& outcome, const LogRecord* record)
{
    if (!outcome.is_done()) {
        return refused(outcome);
    }
    const Place place = place_of(store_.topics.parts());
    if (!is_entry(record, place.nonce) || record->id != place.last) {
        return must_join();
    }
    position_ = place.last;
    phase_ = Phase::reading;
    read_on();
}

void Tailer::must_join()
{
    leave_phase();
    phase_ = Phase::joining;
    owner_.join();
}

void Tailer::joined(const Joined& joined)
{
    joined_ = joined;
    joined_entries_ = 0;
    const Place place = place_of(store_.topics.parts());
    loss_.begin(joined, place.last, place.entries);
    phase_ = Phase::looking;
    store_.people.begin_anew();
    look_up();
}

// --- reading

void Tailer::read_on()
{
    if (is_reading_) {
        return;
    }
    const int64_t wait_ms = phase_ == Phase::following ? kFollowMs : 0;
    is_reading_ = following_.follow(
        position_, wait_ms,
        [this](const LogOutcome& outcome, const Followed& followed) {
            take(outcome, followed);
        });
}

void Tailer::take(const LogOutcome& outcome, const Followed& followed)
{
    is_reading_ = false;
    if (!outcome.is_done()) {
        return refused(outcome);
    }
    if (!followed.is_contiguous) {
        return must_join();
    }
    bytes_.clear();
    read_.clear();
    next_ = 0;
    for (const LogRecord& record : followed.records) {
        keep(record);
    }
    run();
}

void Tailer::keep(const LogRecord& record)
{
    read_.push_back({record.id, record.kind, record.format, bytes_.size(),
                     record.bytes.size()});
    bytes_ += record.bytes;
}

void Tailer::run()
{
    switch (phase_) {
    case Phase::stuck: // maybe it is not any more
        return following_.close("tries again");
    case Phase::reading:
    case Phase::following:
        break;
    default:
        return;
    }
    if (is_reading_) {
        return;
    }
    if (next_ < read_.size()) {
        if (!owner_.may_apply()) {
            return owner_.run_tailer_in(1);
        }
        const size_t count = read_.size();
        if (!apply_some()) {
            return;
        }
        if (next_ < count) {
            return owner_.run_tailer_in(0);
        }
        joined_entries_ += count;
        position_ = read_.back().id;
    }
    const size_t brought = std::exchange(read_, {}).size();
    next_ = 0;
    if (phase_ == Phase::reading) {
        return brought == 0 ? at_end() : read_on();
    }
    follow_after(brought);
}

void Tailer::follow_after(size_t brought)
{
    store_.following.note_tail();
    announcer_.say_alive(position_);
    announcer_.tell_news();
    announcer_.touch(applier_.take_touched());
    for (const std::string& name : announcer_.take_gone()) {
        owner_.log(LogLevel::notice, "host \"" + name + "\" is gone");
    }
    const int64_t now_ms = host_.ticks_ms();
    const bool often = now_ms - std::exchange(read_ms_, now_ms) <= 1;
    if (brought != 0 && brought < kFewEntries && often && !paused_) {
        paused_ = true;
        return owner_.run_tailer_in(1);
    }
    paused_ = false;
    read_on();
}

// --- applying

// False: it does not go on.
bool Tailer::apply_some()
{
    for (size_t i = 0; i < kAppliedPerTurn && next_ < read_.size(); i++) {
        if (!apply(read_[next_])) {
            return false;
        }
    }
    return true;
}

bool Tailer::apply(const Read& read)
{
    if (read.kind == LogRecord::Kind::foreign) {
        next_++;
        return true;
    }
    if (read.kind == LogRecord::Kind::newer) {
        be_stuck("entry " + text_of(read.id) + " is of format " +
                 std::to_string(read.format) + ": upgrade this host");
        return false;
    }
    const std::string_view bytes(bytes_.data() + read.begin, read.size);
    const auto entry = decode_entry(bytes);
    if (!entry) {
        be_stuck("entry " + text_of(read.id) + " can't be read");
        return false;
    }
    switch (applier_.step(read.id, *entry)) {
    case Applied::more:
        return true;
    case Applied::done:
    case Applied::skipped:
        note(read, *entry);
        next_++;
        return true;
    case Applied::stuck:
        be_stuck("too small to follow the log");
        return false;
    case Applied::unreadable:
        be_stuck("entry " + text_of(read.id) + " can't be applied");
        return false;
    case Applied::lost:
        must_join();
        return false;
    }
    return false;
}

void Tailer::note(const Read& read, const LogEntry& entry)
{
    const auto* alive = std::get_if<AliveEntry>(&entry.body);
    if (alive != nullptr) {
        announcer_.hear(*alive);
    }
    loss_.note(read.id);
    owner_.applied(read.id, read.size, alive == nullptr);
}

// --- at the end of the log

void Tailer::at_end()
{
    const Place place = place_of(store_.topics.parts());
    if (place.lineage != lineage_ || place.is_rewound) {
        return begin_term(place.is_rewound);
    }
    if (joined_) {
        store_.people.begin_anew(); // the log may have an earlier question
    }
    store_.following.make_ready(lineage_);
    store_.following.set_state(ClusterState::following);
    phase_ = Phase::following;
    announcer_.begin();
    (void)applier_.take_touched(); // maybe long ago
    say_that_it_follows();
    owner_.begin_following();
    follow_after(0);
}

void Tailer::begin_term(bool forced)
{
    TermEntry term;
    term.lineage = lineage_;
    term.jump = random_jump();
    term.forced = forced;
    phase_ = Phase::beginning;
    following_.append(encode({random_hash_key().first, 0, 0}, term),
                      [this](const LogOutcome& outcome) {
                          if (!outcome.is_done()) {
                              return refused(outcome);
                          }
                          phase_ = Phase::reading;
                          read_on();
                      });
}

void Tailer::say_that_it_follows()
{
    if (loss_.is_any()) {
        owner_.log(LogLevel::error, loss_.text());
        loss_.end();
    }
    if (joined_) {
        owner_.log(LogLevel::notice,
                   "joined at " + text_of(position_) + ": " +
                       size_text(joined_->snapshot_bytes) + " snapshot, " +
                       grouped(joined_entries_) +
                       (joined_entries_ == 1 ? " entry" : " entries"));
        joined_.reset();
    } else if (down_ms_) {
        const int64_t tenths = (host_.ticks_ms() - *down_ms_) / 100;
        owner_.log(LogLevel::notice, "following again after " +
                                         std::to_string(tenths / 10) + "." +
                                         std::to_string(tenths % 10) + " s");
    }
    down_ms_.reset();
    down_why_.clear();
    told_.clear();
}

void Tailer::tell_news()
{
    if (phase_ == Phase::following) {
        announcer_.tell_news();
    }
}

void Tailer::leave()
{
    if (phase_ == Phase::following) {
        announcer_.leave(position_);
    }
}

// --- what does not go on

void Tailer::refused(const LogOutcome& outcome)
{
    if (outcome.kind == LogOutcome::Kind::refused) {
        const std::string why(outcome.why);
        phase_ = Phase::closed;
        following_.close(why);
    }
}

void Tailer::be_stuck(const std::string& why)
{
    leave_phase();
    phase_ = Phase::stuck;
    is_reading_ = false;
    store_.following.set_state(ClusterState::stuck);
    owner_.send_sessions_away();
    if (told_ != why) {
        told_ = why;
        owner_.log(LogLevel::emerg, why);
    }
    owner_.run_tailer_in(kStuckMs);
}

} // namespace ws_pubsub
