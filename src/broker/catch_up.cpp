// What a subscription starts with: values and history, as there is room.
//
// Reading a topic's kept messages for one session takes its unread ones out
// of the inbox in the same step and delivers them to everybody else, so the
// session goes on exactly where its history ends.
#include <algorithm>

#include "broker/broker.hpp"

namespace ws_pubsub {

namespace {

// Topics that one session is started in before others get their turn.
constexpr size_t kTopicsPerTurn = 256;
constexpr size_t kTopicsPerPage = 64;

// One read takes no more than this share of the queue, so that even text that
// grows when it is escaped stays within it.
constexpr size_t kReadShare = 16;
constexpr size_t kWordsPerMessage = 64; // `{"op":"msg",…` and the header

ReadLimits read_limits(const Session& session, const LocalTopic& topic)
{
    const size_t bytes = session.limits().queue_bytes / kReadShare;
    return {bytes / (topic.path.size() + kWordsPerMessage) + 1, bytes};
}

ReadFrom start_of(const Start& start, const std::string& path)
{
    const auto named = start.positions.find(path);
    if (named == start.positions.end()) {
        return start.from;
    }
    ReadFrom from;
    from.kind = ReadFrom::Kind::after;
    from.after = named->second;
    return from;
}

bool is_live_without_asking(const Subscription& subscription,
                            const LocalTopic& topic)
{
    const CatchUp* catch_up = subscription.catch_up.get();
    return catch_up == nullptr ||
           (catch_up->partial != &topic && (topic.path <= catch_up->after ||
                                            catch_up->early.contains(&topic)));
}

// Whether another subscription of the session brings the topic already.
bool covered_elsewhere(
    const std::vector<std::unique_ptr<Subscription>>& subscriptions,
    const Subscription& own, const LocalTopic& topic)
{
    return std::any_of(subscriptions.begin(), subscriptions.end(),
                       [&](const std::unique_ptr<Subscription>& other) {
                           return other.get() != &own &&
                                  other->group->selector.matches(topic.path) &&
                                  is_live_without_asking(*other, topic);
                       });
}

// Whether one of the subscriptions is in the middle of the topic's history.
bool is_being_sent(
    const std::vector<std::unique_ptr<Subscription>>& subscriptions,
    const LocalTopic& topic)
{
    return std::any_of(subscriptions.begin(), subscriptions.end(),
                       [&](const std::unique_ptr<Subscription>& one) {
                           return one->catch_up != nullptr &&
                                  one->catch_up->partial == &topic;
                       });
}

} // namespace

void Broker::start(Subscription& subscription)
{
    resume(*subscription.session);
}

void Broker::resume(Session& session)
{
    pull(session);
    if (session.catching_up() && !session.listed_) {
        const Progress progress = catch_up(session);
        if (progress == Progress::more || progress == Progress::zone_full) {
            list_for_run(session);
        }
    }
}

void Broker::list_for_run(Session& session)
{
    session.listed_ = true;
    catching_up_.push_back(&session);
    scheduler_.run_soon();
}

bool Broker::run()
{
    bool more = release_some();
    more |= recount_some();
    std::vector<Session*> sessions;
    sessions.swap(catching_up_);
    for (Session* session : sessions) {
        session->listed_ = false;
        const Progress progress = catch_up(*session);
        if (progress == Progress::more || progress == Progress::zone_full) {
            session->listed_ = true;
            catching_up_.push_back(session);
        }
        more |= progress == Progress::more;
    }
    return more;
}

Broker::Progress Broker::catch_up(Session& session)
{
    size_t budget = kTopicsPerTurn;
    for (const auto& subscription : session.subscriptions_) {
        if (session.stopped()) {
            return Progress::done;
        }
        if (subscription->catch_up == nullptr) {
            continue;
        }
        const Progress progress = catch_up(*subscription, budget);
        if (progress != Progress::done) {
            return progress;
        }
        count_subscribers(subscription->group->topics);
        subscription->catch_up.reset();
        session.catching_up_--;
    }
    return Progress::done;
}

Broker::Progress Broker::catch_up(Subscription& subscription, size_t& budget)
{
    Session& session = *subscription.session;
    TopicRow row;
    while (!session.stopped() && next_topic(subscription, row)) {
        if (!session.has_room()) {
            return Progress::no_room;
        }
        if (budget == 0) {
            return Progress::more;
        }
        budget--;
        if (!start_topic(subscription, row)) {
            return Progress::zone_full;
        }
    }
    return Progress::done;
}

// The topic to start next; it stays the next one until start_topic() is
// through with it.
bool Broker::next_topic(Subscription& subscription, TopicRow& row)
{
    CatchUp& catch_up = *subscription.catch_up;
    if (catch_up.partial != nullptr) {
        row = {catch_up.partial->path, catch_up.partial_at};
        return true;
    }
    while (catch_up.page_next < catch_up.page.size() &&
           catch_up.page[catch_up.page_next].path <= catch_up.after) {
        catch_up.page_next++;
    }
    if (catch_up.page_next == catch_up.page.size()) {
        catch_up.page.clear();
        catch_up.page_next = 0;
        store_.list(subscription.group->selector, catch_up.after,
                    kTopicsPerPage, catch_up.page);
        if (catch_up.page.empty()) {
            return false;
        }
    }
    row = catch_up.page[catch_up.page_next];
    return true;
}

// Sends what the subscription starts with in one topic, or the next part of
// it. False when the zone is full.
bool Broker::start_topic(Subscription& subscription, const TopicRow& row)
{
    Session& session = *subscription.session;
    CatchUp& catch_up = *subscription.catch_up;
    LocalTopic* topic = local_topic(row.path);
    if (topic == nullptr) {
        return false;
    }
    if (catch_up.early.erase(topic) > 0 ||
        covered_elsewhere(session.subscriptions_, subscription, *topic)) {
        catch_up.after = row.path;
        return true;
    }

    const bool goes_on = catch_up.partial == topic;
    const bool is_new = topic->last.epoch == 0;
    ReadFrom from = start_of(catch_up.start, row.path);
    if (goes_on) {
        from.kind = ReadFrom::Kind::after;
        from.after = catch_up.partial_at;
    } else {
        catch_up.partial_at = {};
    }
    catch_up.partial = topic; // not live while the others are served
    const ReadAnswer answer =
        store_.catch_up(*topic->interest, from, read_limits(session, *topic),
                        unread_batch_, kept_batch_);
    if (!unread_batch_.empty()) {
        deliver(*topic, unread_batch_);
    } else if (topic->last != answer.newest) {
        deliver_loss(*topic, answer.newest);
    }
    if (catch_up.early.erase(topic) > 0 ||
        covered_elsewhere(session.subscriptions_, subscription, *topic)) {
        // The topic was made anew: all of it was unread, and has come.
        catch_up.after = row.path;
        return true;
    }
    if (!goes_on && answer.newest.epoch != 0 &&
        (is_new || row.path > catch_up.listed_to)) {
        send_topic_notice(session, *topic, answer.newest);
    }
    send_gap(session, *topic, answer, UINT64_MAX);
    send_kept(subscription, *topic, kept_batch_, kept_batch_.size());

    if (answer.more) {
        catch_up.partial = topic;
        catch_up.partial_at = kept_batch_[kept_batch_.size() - 1].message.at;
    } else {
        catch_up.partial = nullptr;
        catch_up.after = row.path;
    }
    return true;
}

// A message of a topic came before its turn: sends what the subscription
// starts with there, up to that message, and makes the topic live. False if
// the session gets the message as history, because that is more than a part.
bool Broker::start_early(Subscription& subscription, LocalTopic& topic,
                         uint64_t before_seq)
{
    Session& session = *subscription.session;
    CatchUp& catch_up = *subscription.catch_up;
    if (is_being_sent(session.subscriptions_, topic)) {
        return false;
    }
    if (covered_elsewhere(session.subscriptions_, subscription, topic)) {
        catch_up.early.insert(&topic);
        return true;
    }
    const ReadFrom from = start_of(catch_up.start, topic.path);
    ReadAnswer answer;
    early_batch_.clear();
    if (from.kind == ReadFrom::Kind::last ||
        from.kind == ReadFrom::Kind::after) {
        answer = store_.read(topic.path, from, read_limits(session, topic),
                             early_batch_);
    }
    size_t last = early_batch_.size();
    while (last > 0 && early_batch_[last - 1].message.at.seq >= before_seq) {
        last--;
    }
    const bool whole = !answer.more || last < early_batch_.size();
    if (!whole || (last > 0 && !session.has_room())) {
        return false;
    }
    catch_up.early.insert(&topic);
    // A topic that has just come to be is being told to everybody.
    if (topic.last.seq != 0 && topic.path > catch_up.listed_to) {
        send_topic_notice(session, topic, {topic.last.epoch, before_seq - 1});
    }
    send_gap(session, topic, answer, before_seq);
    send_kept(subscription, topic, early_batch_, last);
    return true;
}

void Broker::send_topic_notice(Session& session, const LocalTopic& topic,
                               const Position& at)
{
    const FrameRef frame = encoder_.topic(session.encoding(), topic.path, at);
    if (frame) {
        session.push(frame);
    }
}

// Says what `answer` lacks of the messages before `before_seq`.
void Broker::send_gap(Session& session, const LocalTopic& topic,
                      const ReadAnswer& answer, uint64_t before_seq)
{
    if (answer.found || answer.newest.epoch == 0) {
        return;
    }
    const Gap gap{answer.lost_from, std::min(answer.lost_to, before_seq - 1),
                  "evicted"};
    const FrameRef frame = encoder_.gap(session.encoding(), topic.path, gap);
    if (frame) {
        session.push(frame);
    }
}

// Sends the first `count` messages of `kept`.
void Broker::send_kept(const Subscription& subscription, LocalTopic& topic,
                       const Batch& kept, size_t count)
{
    if (count == 0) {
        return;
    }
    const FrameRef frame = kept_frame(subscription, topic, kept, count);
    subscription.session->push(frame);
    store_.counters(worker_).delivered.add(frame->messages());
}

// The messages in the form that the subscription asks for, which from here on
// is at the last of them.
FrameRef Broker::kept_frame(const Subscription& subscription, LocalTopic& topic,
                            const Batch& kept, size_t last)
{
    const Encoding encoding = subscription.session->encoding();
    const Position newest = kept[last - 1].message.at;
    Track* track = subscription.delta || subscription.interval_ms > 0
                       ? track_of(subscription, topic)
                       : nullptr;
    forget_base(*subscription.session, topic);
    if (track != nullptr) {
        track->next_ms = clock_.ticks_ms() + subscription.interval_ms;
    }
    if (!subscription.delta) {
        return encoder_.messages(encoding, topic.path, kept, 0, last);
    }
    prepare_newest(topic);
    const auto texts = make_texts(topic, kept, 0, last);
    if (newest == topic.last && topic.newest->message.empty()) {
        set_newest(topic, kept, last - 1, texts);
    }
    if (track != nullptr) {
        if (!topic.newest->message.empty() &&
            newest == topic.newest->message[0].message.at &&
            newest == topic.last) {
            got_newest(topic, *track);
        } else {
            track->base = newest.seq;
        }
    }
    return encoder_.texts(encoding, topic.path, kept, 0, texts, false);
}

} // namespace ws_pubsub
