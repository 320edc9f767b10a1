#include "ngx/ngx.hpp"

#include "module/zone_cluster.hpp"

#include "ngx/guard.hpp"

namespace ws_pubsub {

Outcome NoCommitter::commit(const Change& /*change*/)
{
    return kCantNow;
}

ZoneCluster::ZoneCluster(Store& store, WorkerId worker,
                         const ClusterSettings& settings,
                         const std::string& zone, const Clock& host)
    : store_(store), worker_(worker), settings_(settings), zone_(zone),
      host_(host), appender_timer_(on_appender, this, ngx_cycle->log),
      appender_(store, worker, settings.limits, host, *this),
      log_(settings.servers, settings.name, appender_)
{
    if (!appender_.begin(log_)) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "ws_pubsub: zone \"%s\": no room for the answers to what "
                      "this worker publishes",
                      zone_.c_str());
        return;
    }
    log_.start();
}

ZoneCluster::~ZoneCluster()
{
    give_up();
}

void ZoneCluster::give_up()
{
    if (leader_) {
        leader_.reset();
        store_.following.give_up(worker_);
    }
}

void ZoneCluster::tick()
{
    // One that is to end leads on if there is nobody who could go on.
    const bool hands_over =
        ngx_exiting != 0 && is_idle() && store_.workers.has_successor(worker_);
    const auto taken =
        hands_over ? Lease::Taken::not_taken : store_.following.lead(worker_);
    if (taken == Lease::Taken::not_taken) {
        return give_up();
    }
    if (!leader_) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "ws_pubsub: zone \"%s\": worker %P follows the log",
                      zone_.c_str(), ngx_pid);
        leader_.emplace(
            LeaderParts{store_, worker_, settings_, zone_, host_, log_});
    }
    leader_->tick();
}

void ZoneCluster::run()
{
    if (appender_.may_have_answers()) {
        appender_.take_answers();
    }
    if (has_news()) {
        leader_->tell_news();
    }
}

// Others are told at once where no worker is to go on.
bool ZoneCluster::leave()
{
    if (!leader_ || store_.workers.has_successor(worker_)) {
        return false;
    }
    leader_->leave();
    return true;
}

// A worker that is to end stays as long as somebody waits.
void ZoneCluster::run_appender_in(int64_t ms)
{
    appender_timer_.start_earlier(static_cast<ngx_msec_t>(ms));
}

void ZoneCluster::on_appender(void* self)
{
    auto& cluster = *static_cast<ZoneCluster*>(self);
    guarded([&] { cluster.appender_.run(); });
}

} // namespace ws_pubsub
