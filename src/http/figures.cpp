#include "ngx/ngx.hpp"

#include "http/figures.hpp"

#include "log/log_id.hpp"

namespace ws_pubsub {

namespace {

std::string_view name_of(const ClusterStatus& cluster)
{
    switch (cluster.state) {
    case ClusterState::off:
        return "off";
    case ClusterState::joining:
        return "joining";
    case ClusterState::following:
        return cluster.is_alone ? "alone" : "following";
    case ClusterState::stuck:
        break;
    }
    return "stuck";
}

// Of the log that several hosts share.
void add_cluster(std::vector<Figure>& figures, const ZoneStatus& status)
{
    const ClusterStatus& cluster = status.cluster;
    const DeliveryTotals& totals = status.deliveries;
    const bool follows = cluster.state == ClusterState::following;
    figures.emplace_back("cluster", "cluster_following",
                         "1: what the log of several hosts brings is applied.",
                         follows ? 1 : 0, false, std::string(name_of(cluster)));
    if (cluster.state == ClusterState::off) {
        return;
    }
    const std::vector<Figure> more = {
        {"hosts", "hosts", "Hosts that follow the log.", cluster.hosts},
        {"lag_ms", "lag_milliseconds",
         "Since nothing of the log was left to be applied.", cluster.lag_ms},
        {"log_clock_ms", "log_clock_milliseconds",
         "The log's time less this host's.", cluster.log_clock_ms},
        {"position", "", "", 0, false, text_of(cluster.position)},
        {"applied", "applied_total", "Entries of the log that were applied.",
         cluster.entries},
        {"pending", "pending", "Changes that wait for the log's answer.",
         status.pending},
        {"resent", "resent_total", "Changes that were appended again.",
         totals.resent},
        {"unavailable", "unavailable_total", "Changes that could not be done.",
         totals.unavailable},
        {"unknown", "unknown_total",
         "Changes of which it is not known whether they were done.",
         totals.unknown},
        {"terms", "terms_total", "Terms of the log that have begun.",
         cluster.terms},
        {"rollbacks", "rollbacks_total",
         "How often the log had lost what was applied here.",
         cluster.rollbacks},
        {"log_bytes", "log_bytes",
         "Bytes of the log since its newest snapshot.", cluster.logged_bytes},
        {"used", "cluster_used_bytes",
         "What must not be evicted, as all hosts count it.",
         cluster.used_bytes},
        {"capacity", "cluster_capacity_bytes",
         "The most that it may be on the least of the hosts.",
         cluster.capacity_bytes},
        {"snapshot_position", "", "", 0, false, text_of(cluster.snapshot)},
    };
    figures.insert(figures.end(), more.begin(), more.end());
}

} // namespace

std::vector<Figure> figures_of(const ZoneStatus& status)
{
    const TopicTotals& totals = status.totals;
    const DeliveryTotals& deliveries = status.deliveries;
    const ShareBook& shares = status.shares;
    // Those of a cluster lie in its log's store.
    const bool alone = status.cluster.state == ClusterState::off;
    const int64_t snapshot_age_ms =
        alone ? status.snapshots.age_ms : status.cluster.snapshot_age_ms;
    const uint64_t snapshot_failures =
        alone ? status.snapshots.failures : status.cluster.snapshot_failures;
    const SnapshotStatus& snapshots = status.snapshots;
    std::vector<Figure> figures = {
        {"size", "zone_size_bytes", "Size of the zone.", status.zone_bytes},
        {"free", "zone_free_bytes", "Free bytes of the zone.",
         status.free_bytes},
        {"subscribers_held", "subscribers_held_bytes",
         "Bytes of the zone that are there for subscribers alone.",
         shares.held},
        {"subscribers_limit", "subscribers_limit_bytes",
         "The most they may be.", shares.held_most},
        {"interests", "interests_bytes",
         "Bytes of workers' interests in topics that exist.", shares.reading},
        {"keys_held", "keys_held_bytes",
         "Bytes of applications' idempotency keys.",
         status.key_bytes[static_cast<size_t>(KeyShare::application)]},
        {"client_keys_held", "client_keys_held_bytes",
         "Bytes of clients' keys.",
         status.key_bytes[static_cast<size_t>(KeyShare::client)]},
        {"keys_limit", "keys_limit_bytes", "The most that each of them may be.",
         shares.keys_most},
        {"workers", "workers", "Workers that use the zone.", status.workers},
        {"sessions", "sessions", "Open WebSocket sessions.", status.sessions},
        {"subscriptions", "subscriptions", "Subscriptions of all sessions.",
         status.subscriptions},
        {"topics", "topics", "Topics that exist.", totals.topics},
        {"messages", "messages", "Messages kept, or not yet read by a worker.",
         totals.items},
        {"published", "published_total", "Messages published.",
         totals.published},
        {"delivered", "delivered_total", "Messages queued for sessions.",
         deliveries.delivered},
        {"conflated", "conflated_total",
         "Messages left out for sessions in favour of newer ones.",
         deliveries.conflated},
        {"evicted", "evicted_total", "Messages dropped to make room.",
         totals.evicted},
        {"expired", "expired_total",
         "Messages dropped as older than their ttl.", totals.expired},
        {"refused", "refused_total", "Publishes refused as the zone was full.",
         totals.refused},
        {"refused_subscriptions", "refused_subscriptions_total",
         "Subscriptions refused for want of room.",
         deliveries.refused_subscriptions},
        {"slow", "slow_total", "Sessions closed as too slow.", deliveries.slow},
        {"hooks", "hooks_total", "Hooks that were asked.", deliveries.hooks},
        {"hooks_pending", "hooks_pending", "Hooks that have yet to answer.",
         status.hooks_pending},
        {"hooks_denied", "hooks_denied_total", "Hooks that did not allow it.",
         deliveries.hooks_denied},
        {"hooks_failed", "hooks_failed_total",
         "Hooks that gave no answer, or could not be asked.",
         deliveries.hooks_failed},
        {"revocations", "revocations", "Revocations of tokens that are kept.",
         status.revocations},
        {"events_lost", "events_lost_total",
         "Events that there was no room for.", status.events_lost},
        {"webhook_leaders", "webhook_leaders",
         "Workers that post events: one, or none.", status.courier.leaders},
        {"webhook_events", "webhook_events_total",
         "Events that the back end has taken.", status.courier.events},
        {"webhook_lag", "webhook_lag", "Events that it has not taken yet.",
         status.courier.lag},
        {"webhook_lost", "webhook_lost_total",
         "Events that were gone before it could take them.",
         status.courier.lost},
        {"webhook_failures", "webhook_failures_total",
         "Batches that it did not take.", status.courier.failures},
        {"snapshot_age", "snapshot_age_seconds",
         "Since the zone was written to its file, or read from it.",
         snapshot_age_ms, true},
        {"snapshot_bytes", "snapshot_bytes", "Size of that snapshot.",
         snapshots.bytes},
        {"snapshot_seconds", "snapshot_seconds", "How long it took to write.",
         snapshots.took_ms, true},
        {"snapshot_failures", "snapshot_failures_total",
         "Snapshots that could not be written.", snapshot_failures},
        {"snapshot_clean", "snapshot_clean",
         "1: the zone was read as it was at nginx's end, or is new.",
         snapshots.clean ? 1U : 0U},
        {"repairs", "repairs_total",
         "Changes of dead processes that were undone.", status.repairs},
    };
    add_cluster(figures, status);
    return figures;
}

} // namespace ws_pubsub
