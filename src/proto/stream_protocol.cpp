#include "proto/stream_protocol.hpp"

#include <utility>

#include "broker/subscribing.hpp"

namespace ws_pubsub {

// A subscription that takes several turns.
class StreamProtocol::Step final : public Work {
public:
    Step(StreamProtocol& protocol, std::unique_ptr<Subscribing> subscribing)
        : protocol_(protocol), subscribing_(std::move(subscribing))
    {}

    bool step(size_t& left) override
    {
        if (!protocol_.client_.session().stopped()) {
            if (!subscribing_->step(left)) {
                return false;
            }
            const Selector& selector =
                protocol_.wish_.selectors[protocol_.next_];
            result_ = protocol_.client_.subscribe(selector, *subscribing_);
            if (*result_) {
                protocol_.client_.start(*(*result_)->subscription);
            }
        }
        subscribing_.reset();
        protocol_.client_.effort().resume();
        return true;
    }
    // nullopt: it has not come to its end.
    [[nodiscard]] const std::optional<Result<Subscribed>>& result() const
    {
        return result_;
    }

private:
    StreamProtocol& protocol_;
    std::unique_ptr<Subscribing> subscribing_;
    std::optional<Result<Subscribed>> result_;
};

StreamProtocol::StreamProtocol(Client& client, StreamWish wish, Owner& owner)
    : client_(client), wish_(std::move(wish)), owner_(owner)
{}

StreamProtocol::~StreamProtocol()
{
    stop();
}

void StreamProtocol::stop()
{
    is_over_ = true;
    hook_.reset();
    pending_.reset();
    if (step_ != nullptr) {
        client_.effort().cancel(*step_);
        step_.reset();
    }
}

void StreamProtocol::begin_turn()
{
    if (step_ == nullptr || !step_->result() || is_over_) {
        return;
    }
    const auto done = std::move(step_);
    const Result<Subscribed>& result = *done->result();
    client_.standing().put_permit_away();
    if (!result) {
        refuse(result.error());
        return;
    }
    next_++;
    is_asked_ = false;
    go_on();
}

void StreamProtocol::go_on()
{
    Next next = look_up_cursor();
    while (next == Next::goes_on && next_ < wish_.selectors.size()) {
        next = take_selector();
    }
    if (next == Next::goes_on && !is_over_) {
        is_over_ = true;
        owner_.on_ready();
    }
}

StreamProtocol::Next StreamProtocol::refuse(const Error& why)
{
    is_over_ = true;
    owner_.on_refused(why);
    return Next::over;
}

// Others may have come further: then that is waited for.
StreamProtocol::Next StreamProtocol::look_up_cursor()
{
    if (cursor_is_known_ || !wish_.since) {
        return Next::goes_on;
    }
    cursor_is_known_ = true;
    const auto decide = [this] {
        is_reset_ = !client_.membership().is_known(*wish_.since);
        wish_.from.kind =
            is_reset_ ? ReadFrom::Kind::value : ReadFrom::Kind::number;
        wish_.from.number = wish_.since->number;
    };
    pending_ = client_.membership().catch_up(*wish_.since);
    if (pending_ == nullptr) {
        decide();
        return Next::goes_on;
    }
    pending_->then([this, decide](const Result<ChangeAnswer>& answer) {
        const auto waited = std::move(pending_); // ends with this call
        if (!answer) {
            refuse(answer.error());
            return;
        }
        decide();
        go_on();
    });
    return Next::waits;
}

StreamProtocol::Next StreamProtocol::take_selector()
{
    const Selector& selector = wish_.selectors[next_];
    Standing& standing = client_.standing();
    if (!is_asked_ &&
        standing.must_ask(Question::About::subscribe, selector.text())) {
        Question question;
        question.op = "sub";
        question.topic = selector.text();
        hook_ = standing.ask(question, [this](const Verdict& verdict) {
            take_verdict(verdict);
        });
        return hook_ == nullptr ? refuse(kCantAsk) : Next::waits;
    }
    const auto reader = client_.reader(selector);
    if (!reader) {
        return refuse(reader.error());
    }
    reader_ = *reader;
    return subscribe(selector);
}

void StreamProtocol::take_verdict(const Verdict& verdict)
{
    const auto answered = std::move(hook_); // ends with this call
    if (verdict.refusal) {
        refuse(verdict.error());
        return;
    }
    client_.standing().show_verdict(Question::About::subscribe,
                                    wish_.selectors[next_].text());
    is_asked_ = true;
    go_on();
}

SubscribeOptions StreamProtocol::options() const
{
    SubscribeOptions options;
    options.start.from = wish_.from;
    options.interval_ms = wish_.interval_ms;
    options.delta = wish_.delta;
    return options;
}

StreamProtocol::Next StreamProtocol::subscribe(const Selector& selector)
{
    if (wish_.subscribes && !selector.is_exact()) {
        auto subscribing = client_.begin_subscribing(selector, options());
        if (!subscribing) {
            return refuse(subscribing.error());
        }
        step_ = std::make_unique<Step>(*this, std::move(*subscribing));
        if (!client_.effort().begin(*step_)) {
            return Next::waits;
        }
        const auto done = std::move(step_);
        if (!done->result()) {
            return Next::over;
        }
        if (!*done->result()) {
            return refuse(done->result()->error());
        }
    } else if (wish_.subscribes) {
        const auto subscribed = client_.subscribe(selector, options());
        if (!subscribed) {
            return refuse(subscribed.error());
        }
        client_.start(*subscribed->subscription);
    }
    client_.standing().put_permit_away();
    next_++;
    is_asked_ = false;
    return Next::goes_on;
}

} // namespace ws_pubsub
