#include "client/permit_keeper.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "client/client.hpp"

namespace ws_pubsub {

namespace {

constexpr int64_t kSecondMs = 1000;

uint32_t seconds_of(int64_t ms)
{
    return static_cast<uint32_t>((ms + kSecondMs - 1) / kSecondMs);
}

uint32_t now_s(const Clock& clock)
{
    return seconds_of(clock.now_ms());
}

} // namespace

Permit permit_of_hook(Question::About about, const Selector& wanted,
                      const HookRules& rules, const Clock& clock)
{
    Permit permit;
    permit.of = Permit::Of::hook;
    const auto allowed =
        std::make_shared<const std::vector<Selector>>(1, wanted);
    if (about == Question::About::publish) {
        permit.permissions.publish = allowed;
        return permit;
    }
    permit.permissions.subscribe = allowed;
    if (rules.again_ms > 0) {
        permit.due_s = now_s(clock) + seconds_of(rules.again_ms);
    }
    return permit;
}

uint32_t PermitKeeper::in_seconds(uint32_t seconds) const
{
    return now_s(client_.clock()) + seconds;
}

void PermitKeeper::run()
{
    while (!client_.session().stopped()) {
        const auto selector = credentials_.due_permit(client_.clock());
        if (!selector) {
            return;
        }
        Permits::Held& held = *credentials_.permits().find(*selector);
        if (held.renewal.refusal) {
            const Verdict refusal = *held.renewal.refusal;
            if (!end(*selector, refusal.error())) {
                return;
            }
        } else if (held.permit.of == Permit::Of::hook) {
            ask_again(*selector);
        } else if (client_.standing().may_subscribe(
                       *Selector::parse(*selector))) {
            credentials_.forget_permit(*selector); // it is of no use any more
        } else if (!end(*selector, kTicketEnded)) {
            return;
        }
    }
}

bool PermitKeeper::end(const std::string& selector, const Error& why)
{
    if (client_.broker().withdraw(client_.session(), selector, why) ==
        Broker::Unsubscribed::later) {
        return false;
    }
    credentials_.forget_permit(selector);
    return true;
}

void PermitKeeper::ask_again(const std::string& selector)
{
    credentials_.permits().set_due(selector, 0); // until there is an answer
    Question question;
    question.op = "sub";
    question.topic = selector;
    auto pending = client_.standing().ask(question, [client = &client_,
                                                     credentials =
                                                         &credentials_,
                                                     selector](
                                                        Verdict verdict) {
        PermitKeeper(*client, *credentials).take(selector, std::move(verdict));
    });
    Renewal& renewal = credentials_.permits().find(selector)->renewal;
    renewal.pending = std::move(pending);
    if (renewal.pending == nullptr) {
        wait(selector, renewal);
    }
}

void PermitKeeper::take(const std::string& selector, Verdict verdict)
{
    Renewal& renewal = credentials_.permits().find(selector)->renewal;
    const auto answered = std::move(renewal.pending); // ends with this call
    if (!verdict.refusal) {
        renewal.wait_s = 0;
        credentials_.permits().set_due(
            selector, in_seconds(seconds_of(client_.settings_.hooks.again_ms)));
    } else if (verdict.refusal->code == Errc::denied) {
        renewal.refusal = std::move(verdict);
        credentials_.permits().set_due(selector, in_seconds(0));
    } else {
        wait(selector, renewal);
    }
    client_.link_.due_changed();
}

// It could not be asked, and stays: the next try is later each time.
void PermitKeeper::wait(const std::string& selector, Renewal& renewal)
{
    renewal.wait_s =
        std::clamp(2 * renewal.wait_s, seconds_of(kLeastHookRetryMs),
                   seconds_of(kMostHookRetryMs));
    credentials_.permits().set_due(selector, in_seconds(renewal.wait_s));
}

} // namespace ws_pubsub
