#include "broker/catch_up.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/budget.hpp"
#include "base/limits.hpp"
#include "broker/session.hpp"

namespace ws_pubsub {

namespace {

// What one of many sessions that wait for their turn gets in it.
constexpr size_t kLeastSliceBytes = 64UL * 1024;

constexpr size_t kTopicsPerPage = 64;

} // namespace

// Whom this turn has nothing left for is first in the next.
bool CatchUp::run()
{
    size_t sessions = waiting_.size();
    const size_t slice = std::max(
        kLeastSliceBytes, kTurnCatchUpBytes / std::max<size_t>(sessions, 1));
    bool more = false;
    for (; sessions > 0 && parts_.budget.catch_up_bytes_left > 0 &&
           parts_.budget.scans_left > 0;
         sessions--) {
        Session* session = waiting_.front();
        waiting_.pop_front();
        session->seat().listed = false;
        const Progress progress = serve(*session, slice);
        if (is_for_run(progress)) {
            session->seat().listed = true;
            waiting_.push_back(session);
        }
        more |= progress == Progress::more;
    }
    return more || sessions > 0;
}

void CatchUp::resume(Session& session)
{
    if (session.seat().listed && session.seat().review == nullptr) {
        // What it starts with has its turn in run(), which may be far off.
        if (parts_.pacer.send_skipped(session,
                                      parts_.budget.catch_up_bytes_left)) {
            parts_.scheduler.run_soon();
        }
        return;
    }
    // Who came before goes first.
    const bool waits = session.seat().is_catching_up() && !waiting_.empty();
    const Progress progress =
        serve(session, waits ? 0 : parts_.budget.catch_up_bytes_left);
    if (is_for_run(progress)) {
        session.seat().listed = true;
        waiting_.push_back(&session);
        parts_.scheduler.run_soon();
    }
}

void CatchUp::forget(Session& session)
{
    if (session.seat().listed) {
        std::erase(waiting_, &session);
        session.seat().listed = false;
    }
}

void CatchUp::shrink()
{
    unread_ = {};
    kept_ = {};
    waiting_.shrink_to_fit();
}

// Whether run() goes on with the session, and not the room in its outbox. (The
// zone may have room in a second. Who is held waits for deliveries to go on.)
bool CatchUp::is_for_run(Progress progress)
{
    return progress == Progress::more || progress == Progress::zone_full ||
           progress == Progress::held;
}

// Gives the session what it has skipped and what it starts with, as far as
// there is room; about so many bytes, less if this turn has no more.
CatchUp::Progress CatchUp::serve(Session& session, size_t bytes)
{
    if (session.seat().review != nullptr) {
        return Progress::no_room; // resume() is called when it is over
    }
    const size_t slice = std::min(bytes, parts_.budget.catch_up_bytes_left);
    size_t left = slice;
    Progress progress = Progress::done;
    if (parts_.pacer.send_skipped(session, left)) {
        progress = Progress::more;
    } else if (session.seat().is_catching_up()) {
        progress = catch_up(session, left);
    }
    spend(parts_.budget.catch_up_bytes_left, slice - left);
    return progress;
}

bool CatchUp::is_held_by_zone()
{
    if (parts_.store.following.serves() || !parts_.deliveries.is_held()) {
        return false;
    }
    parts_.deliveries.hold_catch_up();
    return true;
}

CatchUp::Progress CatchUp::catch_up(Session& session, size_t& bytes_left)
{
    while (session.seat().is_catching_up() && !session.stopped()) {
        Subscription& subscription = *session.seat().catching_up.first();
        const Progress progress = catch_up(subscription, bytes_left);
        const bool starved = std::exchange(session.seat().starves,
                                           progress == Progress::zone_full);
        if (session.seat().starves && !starved) {
            parts_.store.workers.counters(parts_.worker)
                .refused_subscriptions.add(1);
        }
        if (progress != Progress::done) {
            return progress;
        }
        if (session.stopped()) {
            break;
        }
        parts_.counts.tell_topics(*subscription.group);
        session.seat().catching_up.end(subscription);
    }
    return Progress::done;
}

CatchUp::Progress CatchUp::catch_up(Subscription& subscription,
                                    size_t& bytes_left)
{
    Session& session = *subscription.session;
    if (is_held_by_zone()) {
        return Progress::held;
    }
    const Progress told = send_gone(subscription, bytes_left);
    if (told != Progress::done) {
        return told;
    }
    TopicRow row;
    while (!session.stopped()) {
        if (is_held_by_zone()) {
            return Progress::held;
        }
        const Next next = next_topic(subscription, row);
        if (next != Next::found) {
            return next == Next::none ? Progress::done : Progress::more;
        }
        if (!session.has_room()) {
            return Progress::no_room;
        }
        if (bytes_left == 0) {
            return Progress::more;
        }
        const Progress progress = start_topic(subscription, row, bytes_left);
        if (progress != Progress::done) {
            return progress;
        }
    }
    return Progress::done;
}

// Tells which topics of the positions are not there any more.
CatchUp::Progress CatchUp::send_gone(Subscription& subscription,
                                     size_t& bytes_left)
{
    Session& session = *subscription.session;
    std::vector<std::string>& gone = subscription.catch_up->gone;
    while (!gone.empty()) {
        if (!session.has_room()) {
            return Progress::no_room;
        }
        if (bytes_left == 0) {
            return Progress::more;
        }
        spend(bytes_left, kTurnTopicBytes);
        const Steady steady(parts_.store.following);
        const Position newest = parts_.store.topics.newest(gone.back());
        if (!steady.holds()) {
            return Progress::more;
        }
        // One that is there again comes in its turn.
        if (newest.epoch == 0) {
            const FrameRef frame =
                parts_.encoder.gone(session.encoding(), gone.back(), "deleted");
            if (frame) {
                session.push(frame);
            }
        }
        gone.pop_back();
    }
    return Progress::done;
}

// The topic to start next; it stays the next one until start_topic() is
// through with it. `later`: this turn has looked for it long enough.
CatchUp::Next CatchUp::next_topic(Subscription& subscription, TopicRow& row)
{
    CatchUpState& state = *subscription.catch_up;
    if (state.partial != nullptr) {
        row = {state.partial->path, state.partial_at, 0};
        return Next::found;
    }
    while (state.page_next < state.page.size() &&
           state.page[state.page_next].path <= state.after) {
        state.page_next++;
    }
    if (state.page_next == state.page.size()) {
        state.page.clear();
        state.page_next = 0;
        if (!fill_page(subscription)) {
            return Next::later;
        }
        if (state.page.empty()) {
            return Next::none;
        }
    }
    row = state.page[state.page_next];
    return Next::found;
}

// Looks for the topics that come next; none: there are no more. False: none is
// found yet, and this turn has looked at enough. What was looked at has nothing
// to start with: topics that come to be there are live.
bool CatchUp::fill_page(Subscription& subscription)
{
    CatchUpState& state = *subscription.catch_up;
    const Selector& selector = subscription.group->selector;
    size_t few = SIZE_MAX; // by name it is one at most
    size_t& left = selector.is_exact() ? few : parts_.budget.scans_left;
    while (left > 0) {
        std::string at = state.after;
        const Steady steady(parts_.store.following);
        const auto scanned = parts_.store.topics.scan(
            selector, at, kTopicsPerPage, state.page, left);
        if (!steady.holds()) {
            state.page.clear();
            return false;
        }
        if (scanned != Topics::Scan::paused || !state.page.empty()) {
            return true;
        }
        state.after = std::move(at);
    }
    return false;
}

// Sends what the subscription starts with in one topic, or the next part of
// it.
CatchUp::Progress CatchUp::start_topic(Subscription& subscription,
                                       const TopicRow& row, size_t& bytes_left)
{
    Session& session = *subscription.session;
    CatchUpState& state = *subscription.catch_up;
    LocalTopic* topic = parts_.topics.find_or_add(row.path);
    if (topic == nullptr) {
        return Progress::zone_full;
    }
    spend(bytes_left, kTurnTopicBytes);
    if (TopicStart::has_begun(subscription, *topic)) {
        return Progress::done;
    }
    if (Resuming::is_due(*topic->interest)) {
        parts_.deliveries.resume(*topic);
    }

    const bool goes_on = state.partial == topic && !state.waits;
    const bool is_new = topic->last.epoch == 0;
    ReadAnswer answer;
    const Progress progress = read_topic(subscription, *topic, answer);
    if (TopicStart::has_begun(subscription, *topic)) {
        // The topic was made anew: all of it was unread, and has come.
        return Progress::done;
    }
    if (progress != Progress::done) {
        return progress;
    }
    if (answer.newest.epoch == 0) {
        parts_.topics.review_later(*topic);
    } else if (!goes_on && (is_new || row.path > state.listed_to)) {
        parts_.start.send_notice(session, *topic, answer.newest, answer.was);
    }
    parts_.start.send_gap(session, *topic, answer, UINT64_MAX);
    parts_.start.send_kept(subscription, *topic, kept_, kept_.size());
    spend(bytes_left, kept_.bytes());

    if (answer.more) {
        state.partial = topic;
        state.partial_at = kept_[kept_.size() - 1].message.at;
    } else {
        state.partial = nullptr;
        state.after = row.path;
    }
    return Progress::done;
}

// Delivers what is unread of the topic to others, then reads into kept_ what
// the subscription is to get of it next. Unless it is `done`, the same is to be
// done again later.
CatchUp::Progress CatchUp::read_topic(Subscription& subscription,
                                      LocalTopic& topic, ReadAnswer& answer)
{
    CatchUpState& state = *subscription.catch_up;
    ReadFrom from = TopicStart::from(state.start, topic.path);
    const bool was_partial = state.partial == &topic;
    if (!was_partial) {
        state.partial = &topic; // not live while the others are served
        state.partial_at = {};
        state.waits = false;
    } else if (!state.waits || from.kind == ReadFrom::Kind::nothing) {
        from.kind = ReadFrom::Kind::after;
        from.after = state.partial_at;
    }
    for (;;) {
        const bool held = parts_.deliveries.is_held();
        const size_t most = held ? 0 : parts_.deliveries.unread_bytes();
        answer = parts_.store.inboxes.catch_up(
            *topic.interest, from,
            TopicStart::limits(*subscription.session, topic), most, unread_,
            kept_);
        if (answer.waits) {
            state.partial = was_partial ? state.partial : nullptr;
            return Progress::more;
        }
        parts_.deliveries.deliver_unread(topic, unread_, answer);
        if (!answer.unread) {
            state.waits = false;
            return Progress::done;
        }
        if (most == 0) {
            wait_for_unread(state, topic, answer.newest);
            if (!held) {
                return Progress::more;
            }
            parts_.deliveries.hold_catch_up();
            return Progress::held;
        }
    }
}

// The subscription's turn in the topic goes on later, though it must not get
// what comes until then. (It may, and comes early, if the topic has not yet
// been told of: nothing keeps that from going meanwhile.)
void CatchUp::wait_for_unread(CatchUpState& state, const LocalTopic& topic,
                              const Position& newest)
{
    if (state.partial != &topic || topic.last.epoch == 0) {
        state.partial = nullptr;
    } else if (!state.waits && state.partial_at.epoch == 0) {
        // (Who is in the middle of the history goes on there: from its start it
        // would get twice what it has.)
        state.waits = true;
        state.partial_at = newest; // for who wants only changes
    }
}

} // namespace ws_pubsub
