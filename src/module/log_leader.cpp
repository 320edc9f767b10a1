#include "ngx/ngx.hpp"

#include "module/log_leader.hpp"

#include "base/close_code.hpp"
#include "base/limits.hpp"
#include "client/control_order.hpp"
#include "ngx/guard.hpp"

namespace ws_pubsub {

namespace {

ngx_uint_t level_of(LogLevel level)
{
    switch (level) {
    case LogLevel::notice:
        return NGX_LOG_NOTICE;
    case LogLevel::warn:
        return NGX_LOG_WARN;
    case LogLevel::error:
        return NGX_LOG_ERR;
    case LogLevel::emerg:
        break;
    }
    return NGX_LOG_EMERG;
}

std::string host_name()
{
    const u_char* data = ngx_cycle->hostname.data;
    return {reinterpret_cast<const char*>(data), ngx_cycle->hostname.len};
}

uint64_t capacity_of(const LeaderParts& parts)
{
    return parts.store.zone_bytes() / 100 * parts.settings.budget_percent;
}

} // namespace

LogLeader::LogLeader(const LeaderParts& parts)
    : parts_(parts), tailer_timer_(on_tailer, this, ngx_cycle->log),
      joining_timer_(on_joining, this, ngx_cycle->log),
      sender_timer_(on_sender, this, ngx_cycle->log), snapshots_(parts.log),
      tailer_(parts.store, {host_name(), capacity_of(parts)}, following_,
              parts.log, parts.host, *this),
      following_(parts.settings.servers, parts.settings.name, tailer_),
      joining_({parts.log, snapshots_, parts.store.topics.parts(),
                tailer_.applier(), parts.host, parts.store.following.host()},
               capacity_of(parts), *this),
      sender_turns_(*this),
      sender_(parts.log, snapshots_, parts.store.topics.parts(), parts.host,
              parts.store.following.host(), parts.settings.log_bytes,
              sender_turns_)
{
    tailer_timer_.let_worker_end();
    joining_timer_.let_worker_end();
    sender_timer_.let_worker_end();
    following_.start();
}

LogLeader::~LogLeader()
{
    joining_.stop();
    sender_.stop();
}

void LogLeader::tick()
{
    const SnapshotSending sending = sender_.sending();
    parts_.store.following.note_snapshot(sending.position, sending.log_bytes,
                                         sending.failures);
    look_after_waiting();
}

void LogLeader::log(LogLevel level, std::string_view text)
{
    ngx_log_error(level_of(level), ngx_cycle->log, 0,
                  "ws_pubsub: zone \"%s\": %*s", parts_.zone.c_str(),
                  text.size(), text.data());
}

// --- following

void LogLeader::run_tailer_in(int64_t ms)
{
    tailer_timer_.start_earlier(static_cast<ngx_msec_t>(ms));
}

void LogLeader::begin_following()
{
    waiting_ms_.reset();
    sender_.begin();
}

void LogLeader::end_following()
{
    sender_.stop();
    sender_timer_.stop();
}

void LogLeader::on_tailer(void* self)
{
    guarded([&] { static_cast<LogLeader*>(self)->tailer_.run(); });
}

// --- joining

void LogLeader::join()
{
    parts_.store.following.unready(parts_.worker);
    joining_.begin();
}

void LogLeader::stop_joining()
{
    joining_.stop();
    joining_timer_.stop();
}

void LogLeader::run_in(int64_t ms)
{
    joining_timer_.start(static_cast<ngx_msec_t>(ms));
}

void LogLeader::on_replacing()
{
    parts_.store.following.set_state(ClusterState::joining);
}

// It may be that the log is not to be reached for long, or the host is new, and
// the worker another one than that which began.
void LogLeader::look_after_waiting()
{
    const int64_t now_ms = parts_.host.ticks_ms();
    if (parts_.store.following.serves()) {
        waiting_ms_.reset();
    } else if (!waiting_ms_) {
        waiting_ms_ = now_ms;
    } else if (now_ms - *waiting_ms_ >= kMostUnservedMs &&
               parts_.store.status().sessions != 0) {
        waiting_ms_ = now_ms;
        send_sessions_away();
    }
}

// They come back to where they are let in, and resume.
void LogLeader::send_sessions_away()
{
    ControlOrder order;
    order.kind = OrderKind::close;
    order.filter.all = true;
    order.code = kCloseServiceRestart;
    order.reason = "this host does not go on with the others now";
    (void)parts_.store.orders.place(parts_.worker, order.kind, order.text(),
                                    kOrderMs);
}

void LogLeader::on_joined(const Joined& joined)
{
    if (joined.is_rewound) {
        parts_.store.following.note_rollback();
    }
    tailer_.joined(joined);
}

void LogLeader::on_stuck(std::string_view why)
{
    tailer_.be_stuck(std::string(why));
}

void LogLeader::on_joining(void* self)
{
    guarded([&] { static_cast<LogLeader*>(self)->joining_.run(); });
}

// --- storing snapshots

void LogLeader::SenderTurns::run_in(int64_t ms)
{
    leader.sender_timer_.start(static_cast<ngx_msec_t>(ms));
}

void LogLeader::on_sender(void* self)
{
    guarded([&] { static_cast<LogLeader*>(self)->sender_.run(); });
}

} // namespace ws_pubsub
