#include "broker/subscribing.hpp"

#include <algorithm>

#include "base/budget.hpp"
#include "broker/local_topics.hpp"
#include "broker/session.hpp"

namespace ws_pubsub {

namespace {

// What a step does, and what it costs, in topics looked at: a topic that
// becomes local, and a position that is looked up.
constexpr size_t kLocalizedPerStep = 64;
constexpr size_t kLocalizeCost = 8;
constexpr size_t kPositionsPerStep = 256;
constexpr size_t kPositionCost = 2;

// What is wrong with one more subscription.
std::optional<Error> check_new(const LocalTopics& topics,
                               const Session& session, const Selector& selector)
{
    const Group* group = topics.find_group(selector.text());
    if (group != nullptr &&
        session.seat().subscriptions.find(*group) != nullptr) {
        return Error{Errc::already_subscribed, "already subscribed"};
    }
    if (session.subscriptions() >= session.limits().max_subscriptions) {
        return Error{Errc::limit, "too many subscriptions"};
    }
    return std::nullopt;
}

bool by_path(const TopicRow& a, const TopicRow& b)
{
    return a.path < b.path;
}

} // namespace

Subscribing::Subscribing(LocalTopics& topics, Session& session,
                         const Selector& selector, SubscribeOptions options)
    : topics_(topics), session_(session), selector_(selector),
      options_(std::move(options)),
      failed_(check_new(topics, session, selector)),
      steady_(topics.store().following),
      position_(options_.start.positions.begin())
{
    if (failed_) {
        return;
    }
    group_ = topics.group_of(selector);
    if (group_ == nullptr) {
        failed_ = topics_.refuse_for_room();
        return;
    }
    if (group_->pending == nullptr) {
        group_->pending = std::make_unique<PendingSubscriptions>();
    }
    group_->pending->who.push_back(this);
}

Subscribing::~Subscribing()
{
    if (group_ != nullptr) {
        std::erase(group_->pending->who, this);
        if (group_->pending->who.empty()) {
            group_->pending.reset();
            topics_.release_if_unused(*group_);
        }
    }
}

bool Subscribing::step(size_t& left)
{
    if (failed_ || session_.stopped()) {
        return true;
    }
    spend(left, 1);
    go_on(left);
    if (!steady_.holds()) {
        failed_ = kNotServed;
    }
    return failed_ || stage_ == Stage::ready;
}

void Subscribing::go_on(size_t& left)
{
    switch (stage_) {
    case Stage::link:
        if (topics_.link_some(*group_, left)) {
            stage_ = Stage::positions;
        }
        break;
    case Stage::positions:
        check_positions(left);
        break;
    case Stage::list:
        list(left);
        break;
    case Stage::localize:
        localize(left);
        break;
    case Stage::check:
        check(left);
        break;
    case Stage::ready:
        break;
    }
}

// Whether all positions can be resumed from. (Of other topics than the
// selector's nothing is said.)
void Subscribing::check_positions(size_t& left)
{
    const auto end = options_.start.positions.end();
    Batch none;
    for (size_t i = 0; i < kPositionsPerStep && position_ != end;
         i++, ++position_) {
        const auto& [path, at] = *position_;
        spend(left, kPositionCost);
        if (!is_topic(path) || !selector_.matches(path)) {
            continue;
        }
        const ReadFrom from{ReadFrom::Kind::after, 0, at};
        const ReadAnswer answer =
            topics_.store().topics.read(path, from, {0, 0}, none);
        found_.recovered &= answer.found;
        if (answer.newest.epoch == 0) {
            found_.gone.push_back(path);
        }
    }
    if (position_ == end) {
        stage_ = Stage::list;
    }
}

// The first topics that are there. Those that are gone belong to them as long
// as this worker has not told it: who joins now gets what is unread of them,
// too.
void Subscribing::list(size_t& left)
{
    const size_t before = found_.rows.size();
    const auto scanned =
        topics_.store().topics.scan(selector_, after_, kMaxListedTopics,
                                    found_.rows, left, Topics::Ended::taken);
    const auto first = found_.rows.begin() + static_cast<ptrdiff_t>(before);
    found_.rows.erase(std::remove_if(first, found_.rows.end(),
                                     [&](TopicRow& row) {
                                         return row.newest.epoch == 0 &&
                                                !is_untold(row);
                                     }),
                      found_.rows.end());
    listed_all_ = scanned == Topics::Scan::ended;
    if (listed_all_ || found_.rows.size() >= kMaxListedTopics) {
        stage_ = Stage::localize;
    }
}

// Where the list has not been yet the topic is found when it goes on; or the
// reply ends before it, and it has its turn after those that come before it.
void Subscribing::add_new(const std::string& path)
{
    if (listed_all_ || path <= after_) {
        new_.push_back(path);
    }
}

bool Subscribing::is_untold(const TopicRow& row) const
{
    const LocalTopic* topic = topics_.find(row.path);
    return topic != nullptr && topic->last.epoch != 0;
}

// From here on the listed topics' messages arrive in this worker.
void Subscribing::localize(size_t& left)
{
    for (size_t i = 0; i < kLocalizedPerStep && localized_ < found_.rows.size();
         i++) {
        spend(left, kLocalizeCost);
        if (topics_.find_or_add(found_.rows[localized_].path) == nullptr) {
            failed_ = topics_.refuse_for_room();
            return;
        }
        localized_++;
    }
    if (localized_ >= found_.rows.size()) {
        stage_ = Stage::check;
    }
}

// What became of the topics meanwhile. The rows get the positions from which
// on messages arrive.
void Subscribing::check(size_t& left)
{
    spend(left, found_.rows.size() / 4);
    for (std::string& path : new_) {
        found_.rows.push_back({std::move(path), {}, 0});
    }
    new_.clear();
    std::sort(found_.rows.begin(), found_.rows.end(), by_path);
    found_.rows.erase(std::unique(found_.rows.begin(), found_.rows.end(),
                                  [](const TopicRow& a, const TopicRow& b) {
                                      return a.path == b.path;
                                  }),
                      found_.rows.end());
    std::erase_if(found_.rows, [&](TopicRow& row) { return !is_there(row); });
    localized_ = found_.rows.size();
    if (found_.rows.size() < kMaxListedTopics && !listed_all_) {
        stage_ = Stage::list;
        return;
    }
    found_.rows.resize(std::min(found_.rows.size(), kMaxListedTopics));
    std::erase_if(found_.gone, [&](const std::string& path) {
        return std::binary_search(found_.rows.begin(), found_.rows.end(),
                                  TopicRow{path, {}, 0}, by_path);
    });
    stage_ = Stage::ready;
}

// The epoch of the position that was given for the topic, if it is another than
// the row's and the topic goes on from there all the same; else 0.
uint64_t Subscribing::earlier_epoch(const TopicRow& row) const
{
    const auto& positions = options_.start.positions;
    const auto given = positions.find(row.path);
    return given != positions.end() &&
                   given->second.epoch != row.newest.epoch &&
                   topics_.store().topics.is_known(row.path, given->second)
               ? given->second.epoch
               : 0;
}

// What this worker has of the topic may be less than what the client got of it
// elsewhere, and of an earlier epoch: that is not to look as if it had been
// lost.
void Subscribing::keep_given(TopicRow& row) const
{
    const auto& positions = options_.start.positions;
    const auto given = positions.find(row.path);
    if (given == positions.end() || given->second.seq <= row.newest.seq ||
        !topics_.store().topics.is_known(row.path, given->second)) {
        return;
    }
    row.newest.seq = given->second.seq;
    if (given->second.epoch > row.newest.epoch) {
        row.newest.epoch = given->second.epoch;
        row.was = 0;
    }
}

bool Subscribing::is_there(TopicRow& row)
{
    const LocalTopic* topic = topics_.find(row.path);
    if (topic != nullptr) {
        row.newest = topic->last.epoch != 0
                         ? topic->last
                         : topics_.store().topics.newest(row.path);
        row.was = earlier_epoch(row);
        keep_given(row);
    }
    return topic != nullptr && row.newest.epoch != 0;
}

} // namespace ws_pubsub
