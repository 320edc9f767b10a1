#include "load/run.hpp"

#include <algorithm>
#include <ctime>

#include "shared/clock.hpp"

namespace ws_bench {

namespace {

constexpr int64_t kSettle = kSecond / 5;
constexpr int64_t kPatience = 5 * kSecond;
// A turn of the loop ends at least so often.
constexpr int64_t kLook = kSecond / 10;
constexpr size_t kFillWindow = 64;
// In a closed loop nobody is in a hurry: events gather for so long. Else the
// server would pay for waking this program with almost each of its sends, and
// this program for a sleep after each: real clients are on other machines.
constexpr timespec kNap{0, kSecond / 10'000};

int64_t seconds(double s)
{
    return static_cast<int64_t>(s * static_cast<double>(kSecond));
}

} // namespace

Run::Run(const Options& options)
    : options_(options), start_(now_ns()), deliveries_(options, start_),
      crowd_(loop_, options, deliveries_), payload_(options.size, options.json)
{}

JsonObject Run::measure()
{
    crowd_.gather(options_.subscribers);
    for (size_t i = 0; i < options_.publishers; i++) {
        publishers_.push_back(std::make_unique<Publisher>(loop_, options_));
        publishers_.back()->connect(options_.publish_port == 0
                                        ? Target{options_.port, options_.tls}
                                        : Target{options_.publish_port, false},
                                    0, 0);
    }
    for (const int64_t end = now_ns() + kSettle; now_ns() < end;) {
        loop_.turn(end);
    }
    crowd_.stall_some();
    if (options_.idle > 0) {
        measure_idle();
        return result_;
    }
    if (options_.fill) {
        fill_topics();
    }

    rate_from_ns_ = now_ns();
    warm_up();
    const int64_t to_ns = now_ns() + seconds(options_.duration_s);
    if (options_.rate > 0) {
        deliveries_.measure(now_ns(), to_ns);
    }
    const Sample from = sample();
    publish_until(to_ns);
    const Sample to = sample();
    drain();
    report(from, to);
    return result_;
}

// Until the time is over, and the server has woken up whole: each publisher got
// an answer, from whatever worker it is with.
void Run::warm_up()
{
    const uint64_t wanted = answered_ + publishers_.size();
    do {
        publish_until(now_ns() + seconds(options_.warmup_s));
    } while (answered_ < wanted && !is_stuck());
}

void Run::measure_idle()
{
    const auto settled_memory = [this] {
        for (const int64_t end = now_ns() + kSecond; now_ns() < end;) {
            loop_.turn(end);
        }
        return memory(options_.servers);
    };
    const Memory before = settled_memory();
    crowd_.gather(options_.idle);
    const Memory after = settled_memory();
    const auto add = [&](std::string_view name, int64_t Memory::*part) {
        result_.add(name, static_cast<double>(after.*part - before.*part) /
                              static_cast<double>(options_.idle));
    };
    add("rss", &Memory::rss);
    add("pss", &Memory::pss);
    add("pss_anon", &Memory::pss_anon);
    add("pss_shmem", &Memory::pss_shmem);
    add("slab", &Memory::slab);
}

// Publishes once to each topic, and tells what memory that took.
void Run::fill_topics()
{
    const Memory before = memory(options_.servers);
    const std::vector<int64_t> cpu_before = cpu_ns(options_.servers);
    Publisher& publisher = *publishers_[0];
    size_t sent = 0;
    size_t answered = 0;
    while (answered < options_.topics && !is_stuck()) {
        while (sent < options_.topics && sent - answered < kFillWindow) {
            publish_one(publisher, now_ns());
            sent++;
        }
        publisher.post();
        loop_.turn(now_ns() + kLook);
        const size_t answers = publisher.take_answers();
        answered += answers;
        answered_ += answers;
    }
    const std::vector<int64_t> cpu_after = cpu_ns(options_.servers);
    const Memory after = memory(options_.servers);
    const auto topics = static_cast<double>(options_.topics);
    result_.add("topic_pss",
                static_cast<double>(after.pss - before.pss) / topics);
    result_.add("topic_pss_shmem",
                static_cast<double>(after.pss_shmem - before.pss_shmem) /
                    topics);
    int64_t cpu = 0;
    for (size_t i = 0; i < cpu_before.size(); i++) {
        cpu += cpu_after[i] - cpu_before[i];
    }
    result_.add("topic_us", static_cast<double>(cpu) / 1e3 / topics);
}

void Run::publish_one(Publisher& publisher, int64_t intended_ns)
{
    const uint64_t index = published_++;
    deliveries_.published(index);
    publisher.publish(static_cast<size_t>(index % options_.topics),
                      payload_.stamped({index, stamp_time(intended_ns)}));
}

// All whose time has come, however late it is: each says when it was meant to
// be sent, so that nothing is left out of the latencies.
void Run::publish_due()
{
    const int64_t now = now_ns();
    for (;;) {
        const int64_t due =
            rate_from_ns_ +
            seconds(static_cast<double>(rate_published_) / options_.rate);
        if (due > now) {
            break;
        }
        publish_one(*publishers_[0], due);
        rate_published_++;
    }
    publishers_[0]->post();
}

void Run::publish_in_window()
{
    in_flight_ -= deliveries_.take_completed();
    while (in_flight_ < options_.window) {
        publish_one(*publishers_[0], now_ns());
        in_flight_++;
    }
    publishers_[0]->post();
}

void Run::publish_where_answered()
{
    const size_t each =
        std::max<size_t>(options_.window / options_.publishers, 1);
    const size_t places = each * publishers_.size();
    for (const auto& publisher : publishers_) {
        // The first time all places are free.
        const bool first = in_flight_ < places;
        const size_t answers = publisher->take_answers();
        answered_ += answers;
        const size_t room = first ? each : answers;
        for (size_t i = 0; i < room; i++) {
            publish_one(*publisher, now_ns());
        }
        in_flight_ += first ? each : 0;
        publisher->post();
    }
}

void Run::take_answers()
{
    for (const auto& publisher : publishers_) {
        answered_ += publisher->take_answers();
    }
}

bool Run::is_stuck()
{
    const uint64_t progress = deliveries_.delivered() + answered_;
    const int64_t now = now_ns();
    if (progress != progress_ || progress_ns_ == 0) {
        progress_ = progress;
        progress_ns_ = now;
    }
    stuck_ = stuck_ || now - progress_ns_ > kPatience;
    return stuck_;
}

void Run::publish_until(int64_t end_ns)
{
    while (now_ns() < end_ns && !is_stuck()) {
        int64_t until = std::min(end_ns, now_ns() + kLook);
        if (options_.rate > 0) {
            publish_due();
            until = std::min(until,
                             rate_from_ns_ +
                                 seconds(static_cast<double>(rate_published_) /
                                         options_.rate));
        } else if (options_.pace == Pace::deliveries) {
            publish_in_window();
        } else {
            publish_where_answered();
        }
        loop_.turn(until);
        if (options_.rate > 0 || options_.pace == Pace::deliveries) {
            take_answers();
        }
        if (options_.rate == 0 && options_.pace == Pace::deliveries) {
            nanosleep(&kNap, nullptr);
        }
    }
}

void Run::drain()
{
    const auto all_here = [this] {
        for (size_t i = options_.stalled; i < options_.subscribers; i++) {
            if (deliveries_.missing(i, published_) > 0) {
                return false;
            }
        }
        return answered_ >= published_;
    };
    progress_ns_ = 0;
    while (!all_here() && !is_stuck()) {
        loop_.turn(now_ns() + kLook);
        take_answers();
    }
}

uint64_t Run::refused() const
{
    uint64_t refused = 0;
    for (const auto& publisher : publishers_) {
        refused += publisher->refused();
    }
    return refused;
}

Run::Sample Run::sample() const
{
    return {now_ns(),       cpu_ns(options_.servers),
            own_cpu_ns(),   deliveries_.delivered(),
            published_,     answered_,
            Stream::reads()};
}

void Run::report(const Sample& from, const Sample& to)
{
    std::vector<int64_t> servers_ns;
    for (size_t i = 0; i < to.servers_ns.size(); i++) {
        servers_ns.push_back(to.servers_ns[i] - from.servers_ns[i]);
    }
    uint64_t missing = 0;
    for (size_t i = options_.stalled; i < options_.subscribers; i++) {
        missing += deliveries_.missing(i, published_);
    }
    result_.add("wall_ns", to.at_ns - from.at_ns);
    result_.add("servers_ns", servers_ns);
    result_.add("load_ns", to.own_ns - from.own_ns);
    result_.add("delivered", to.delivered - from.delivered);
    result_.add("published", to.published - from.published);
    result_.add("answered", to.answered - from.answered);
    result_.add("reads", to.reads - from.reads);
    // These of the whole run.
    result_.add("lost", deliveries_.lost() + missing);
    result_.add("repeated", deliveries_.repeated());
    result_.add("misrouted", deliveries_.misrouted());
    result_.add("unanswered", published_ - answered_);
    result_.add("refused", refused());
    result_.add("strange", crowd_.audience().strange);
    result_.add("closed", crowd_.audience().closed);
    if (options_.rate > 0) {
        const Histogram& latencies = deliveries_.latencies();
        result_.add("latencies", latencies.total());
        result_.add("p50_us", latencies.quantile_ns(0.5) / 1e3);
        result_.add("p90_us", latencies.quantile_ns(0.9) / 1e3);
        result_.add("p99_us", latencies.quantile_ns(0.99) / 1e3);
        result_.add("p999_us", latencies.quantile_ns(0.999) / 1e3);
        result_.add("max_us", latencies.quantile_ns(1) / 1e3);
    }
    if (stuck_) {
        result_.add("failed", std::string_view("nothing moves any more"));
    }
}

} // namespace ws_bench
