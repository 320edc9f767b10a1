#include "ngx/ngx.hpp"

#include "redis/redis_log.hpp"

#include <utility>

namespace ws_pubsub::redis {

namespace {

constexpr std::string_view kStrange = "a reply is not what was asked for";

LogOutcome refused(std::string_view why)
{
    return {LogOutcome::Kind::refused, why};
}

} // namespace

LogOutcome outcome_of(const Ending& ending)
{
    if (!ending.reply) {
        return {ending.was_sent ? LogOutcome::Kind::unknown
                                : LogOutcome::Kind::unsent,
                ending.why};
    }
    const std::string_view error = ending.reply->error();
    return error.empty() ? LogOutcome{} : refused(error);
}

bool RedisLog::append(std::string_view entry, Done done)
{
    return link_.send(
        {"XADD", keys_.log, "NOMKSTREAM", "*", kFormatField, entry},
        [done = std::move(done)](const Ending& ending) {
            LogOutcome outcome = outcome_of(ending);
            if (outcome.is_done() && ending.reply->kind() == Kind::nil) {
                outcome = refused("there is no log");
            }
            done(outcome);
        });
}

// What stands there is no log: it has nothing.
LogOutcome RedisLog::outcome_of_reading(const Ending& ending)
{
    const bool is_no_log =
        ending.reply && ending.reply->error().starts_with("WRONGTYPE ");
    return is_no_log ? LogOutcome{} : outcome_of(ending);
}

bool RedisLog::look_up(const LogId& id, FoundRecord found)
{
    const std::string text = text_of(id);
    return link_.send({"XRANGE", keys_.log, text, text},
                      [found = std::move(found)](const Ending& ending) {
                          const LogOutcome outcome = outcome_of_reading(ending);
                          std::optional<LogRecord> record;
                          if (outcome.is_done()) {
                              record = read_record((*ending.reply)[0]);
                          }
                          found(outcome, record ? &*record : nullptr);
                      });
}

bool RedisLog::tail(FoundId found)
{
    return link_.send({"XREVRANGE", keys_.log, "+", "-", "COUNT", "1"},
                      [found = std::move(found)](const Ending& ending) {
                          const LogOutcome outcome = outcome_of_reading(ending);
                          LogId id{};
                          if (outcome.is_done() && ending.reply->size() > 0) {
                              const auto record =
                                  read_record((*ending.reply)[0]);
                              if (!record) {
                                  return found(refused(kStrange), id);
                              }
                              id = record->id;
                          }
                          found(outcome, id);
                      });
}

bool RedisLog::trim(const LogId& least, Done done)
{
    return link_.send({"XTRIM", keys_.log, "MINID", "~", text_of(least)},
                      [done = std::move(done)](const Ending& ending) {
                          done(outcome_of(ending));
                      });
}

// -- following ----------------------------------------------------------------

bool RedisLog::follow(const LogId& last, int64_t wait_ms, FoundRecords found)
{
    if (following_ || !is_open()) {
        return false;
    }
    following_.emplace(Following{std::move(found)});
    try {
        // XREAD says nothing of what was trimmed. The start is looked at behind
        // it: what is there then was there before.
        if (read_behind(last, wait_ms) &&
            (last == LogId{} || look_at_start(last))) {
            return true;
        }
    } catch (...) {
        following_.reset();
        link_.close("no memory"); // a reply may be on its way
        throw;
    }
    following_.reset();
    return false;
}

bool RedisLog::read_behind(const LogId& last, int64_t wait_ms)
{
    const std::string count = std::to_string(size_.count());
    const std::string block = std::to_string(wait_ms);
    const std::string from = text_of(last);
    const bool is_alone = last == LogId{};
    auto taken = [this, is_alone](const Ending& ending) {
        take_records(ending);
        if (is_alone && following_) {
            end_following();
        }
    };
    if (wait_ms > 0) {
        return link_.send({"XREAD", "COUNT", count, "BLOCK", block, "STREAMS",
                           keys_.log, from},
                          taken, wait_ms);
    }
    return link_.send({"XREAD", "COUNT", count, "STREAMS", keys_.log, from},
                      taken);
}

bool RedisLog::look_at_start(const LogId& last)
{
    const std::string text = text_of(last);
    return link_.send({"XRANGE", keys_.log, text, text},
                      [this](const Ending& ending) { take_start(ending); });
}

void RedisLog::note(const Ending& ending)
{
    const LogOutcome outcome = outcome_of_reading(ending);
    if (!outcome.is_done() && following_->kind == LogOutcome::Kind::done) {
        following_->kind = outcome.kind;
        following_->why = outcome.why;
    }
}

void RedisLog::take_records(const Ending& ending)
{
    if (!following_) {
        return; // the call has failed
    }
    const auto now = static_cast<int64_t>(ngx_current_msec);
    note(ending);
    if (!ending.reply) {
        if (ending.was_sent && link_.was_cut()) {
            size_.note_cut(now);
        }
    } else if (following_->kind == LogOutcome::Kind::done &&
               ending.reply->error().empty()) {
        if (!records_.take(*ending.reply)) {
            following_->kind = LogOutcome::Kind::refused;
            following_->why = kStrange;
        }
        size_.note_read(records_.view().size(), records_.bytes(), now);
    }
}

void RedisLog::take_start(const Ending& ending)
{
    note(ending);
    following_->is_contiguous = ending.reply &&
                                ending.reply->kind() == Kind::array &&
                                ending.reply->size() > 0;
    end_following();
}

void RedisLog::end_following()
{
    const Following ended = std::move(*following_);
    following_.reset();
    const LogOutcome outcome{ended.kind, ended.why};
    Followed followed;
    if (outcome.is_done()) {
        followed = {ended.is_contiguous, records_.view()};
    }
    ended.found(outcome, followed);
    records_.clear();
}

} // namespace ws_pubsub::redis
