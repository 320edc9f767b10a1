#include "client/control_pass.hpp"

#include <algorithm>
#include <utility>

#include "base/budget.hpp"
#include "broker/groups.hpp"
#include "client/client.hpp"
#include "json/writer.hpp"

namespace ws_pubsub {

namespace {

// What it costs, in topics looked at: each client, one that is ended, a
// subscription that is, and a line of a list.
constexpr size_t kLookCost = kTopicsPerTurn / kControlledPerTurn;
constexpr size_t kCloseCost = 8;
constexpr size_t kEndCost = kTopicsPerTurn / kEndsPerTurn;
constexpr size_t kRowCost = 4;
// Clients and subscriptions in one step.
constexpr size_t kLooksPerStep = 64;

bool is(const std::optional<std::string>& wanted, std::string_view text)
{
    return !wanted || *wanted == text;
}

std::string row_of(Client& client, const std::string& id, int32_t pid)
{
    const LinkInfo info = client.info();
    Session& session = client.session();
    std::string json;
    JsonWriter out(json);
    out.begin_object().name("id").string(id);
    out.name("user").string(client.standing().user());
    out.name("identity").string(session.identity().text());
    out.name("address").string(info.address);
    out.name("endpoint").string(info.endpoint);
    out.name("protocol").string(info.protocol);
    out.name("since").number(client.membership().since_s());
    out.name("expires");
    if (client.standing().end_s() != 0) {
        out.number(client.standing().end_s());
    } else {
        out.raw("null");
    }
    out.name("subscriptions").number(session.subscriptions());
    out.name("queued").number(session.outbox().bytes());
    out.name("in").number(session.counters().messages_in);
    out.name("out").number(session.counters().messages_out);
    out.name("worker").number(static_cast<uint64_t>(pid)).end_object();
    return json;
}

std::string row_of(const Subscription& subscription)
{
    std::string json;
    JsonWriter out(json);
    out.begin_object();
    out.name("topic").string(subscription.group->selector.text());
    out.name("interval")
        .number(static_cast<uint64_t>(subscription.interval_ms));
    out.name("delta").boolean(subscription.delta).end_object();
    return json;
}

} // namespace

ControlPass::ControlPass(Registry& registry, int32_t pid, OrderToRead read,
                         ControlOrder order)
    : registry_(registry), pid_(pid), read_(std::move(read)),
      order_(std::move(order)), left_(registry.size())
{}

bool ControlPass::matches(const Client& client) const
{
    const SessionFilter& filter = order_.filter;
    return !client.session().stopped() &&
           is(filter.identity, client.session().identity().text()) &&
           is(filter.user, client.standing().user()) &&
           (!filter.endpoint || *filter.endpoint == client.info().endpoint) &&
           (!filter.topic || client.membership().is_subscribed(*filter.topic));
}

bool ControlPass::step(size_t& left)
{
    spend(left, 1);
    if (!go_through(left)) {
        return false;
    }
    answer();
    over_ = true;
    return true;
}

// True: it is through. From the last to the first: where one leaves, one that
// was looked at already takes its place, or one that has come since.
bool ControlPass::go_through(size_t& left)
{
    if (order_.filter.id) {
        Client* client = registry_.find(*order_.filter.id);
        return client == nullptr || visit(*client, left);
    }
    left_ = std::min(left_, registry_.size());
    for (size_t i = 0; i < kLooksPerStep && left > 0 && left_ > 0; i++) {
        if (!visit(registry_.at(left_ - 1), left)) {
            return false;
        }
        left_--;
    }
    return left_ == 0;
}

// False: it is to be visited again.
bool ControlPass::visit(Client& client, size_t& left)
{
    spend(left, kLookCost);
    if (!matches(client)) {
        return true;
    }
    found_ = true;
    switch (order_.kind) {
    case OrderKind::close:
        return close(client, left);
    case OrderKind::unsubscribe:
        return unsubscribe(client, left);
    case OrderKind::revoke:
        return revoke(client, left);
    case OrderKind::list:
        return list(client, left);
    }
    return true;
}

bool ControlPass::close(Client& client, size_t& left)
{
    spend(left, kCloseCost);
    ended_++;
    client.close_with(order_.code, order_.reason);
    return true;
}

bool ControlPass::revoke(Client& client, size_t& left)
{
    if (client.standing().revoke(order_.revocation)) {
        spend(left, kCloseCost);
        ended_++;
    }
    return true;
}

// From the last to the first, as above.
bool ControlPass::unsubscribe(Client& client, size_t& left)
{
    const auto selector = Selector::parse(order_.selector);
    const Subscriptions& all = client.session().seat().subscriptions;
    for (size_t place = all.size(); selector && place > 0; place--) {
        place = std::min(place, all.size());
        const std::string text(all.all()[place - 1]->group->selector.text());
        spend(left, 1);
        if (!covered_by(*Selector::parse(text), {&*selector, 1})) {
            continue;
        }
        if (client.withdraw(text, kDenied) == Broker::Unsubscribed::later) {
            spend(left, SIZE_MAX); // of this turn
            return false;
        }
        spend(left, kEndCost);
        ended_++;
    }
    return true;
}

bool ControlPass::list(Client& client, size_t& left)
{
    if (order_.subscriptions) {
        list_subscriptions(client, left);
        return true;
    }
    const std::string id = session_id_text(client.id());
    if (id > order_.after) {
        spend(left, kRowCost);
        add_row(id, row_of(client, id, pid_));
    }
    return true;
}

void ControlPass::list_subscriptions(Client& client, size_t& left)
{
    for (const auto& subscription :
         client.session().seat().subscriptions.all()) {
        spend(left, 1);
        std::string key(subscription->group->selector.text());
        if (key > order_.after) {
            add_row(std::move(key), row_of(*subscription));
        }
    }
}

void ControlPass::add_row(std::string key, std::string row)
{
    rows_[std::move(key)] = std::move(row);
    if (rows_.size() > order_.limit) {
        rows_.erase(std::prev(rows_.end()));
        more_ = true;
    }
}

void ControlPass::answer()
{
    if (read_.number == 0) {
        return;
    }
    if (order_.kind == OrderKind::list) {
        return answer_list();
    }
    Broker& broker = registry_.broker();
    (void)broker.store().orders.answer(broker.worker(), read_, head());
}

std::string ControlPass::head() const
{
    std::string text = std::to_string(ended_);
    text += more_ ? " 1" : " 0";
    text += found_ ? " 1" : " 0";
    return text;
}

// As many of the first ones as there is room for. A list that says that there
// is more and has nothing would lead nowhere.
void ControlPass::answer_list()
{
    Broker& broker = registry_.broker();
    size_t bytes = head().size();
    auto end = rows_.begin();
    while (end != rows_.end() &&
           bytes + 1 + end->second.size() <= kMaxReplyBytes) {
        bytes += 1 + end->second.size();
        ++end;
    }
    for (;;) {
        more_ |= end != rows_.end();
        rows_.erase(end, rows_.end());
        std::string text = head();
        for (const auto& [key, row] : rows_) {
            text += '\n';
            text += row;
        }
        if (broker.store().orders.answer(broker.worker(), read_, text) ||
            rows_.size() < 2) {
            return;
        }
        end =
            std::next(rows_.begin(), static_cast<ptrdiff_t>(rows_.size() / 2));
    }
}

} // namespace ws_pubsub
