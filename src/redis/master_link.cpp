#include "ngx/ngx.hpp"

#include "redis/master_link.hpp"

#include <algorithm>
#include <utility>

#include "base/keyed_hash.hpp"
#include "ngx/guard.hpp"
#include "redis/replication.hpp"

namespace ws_pubsub::redis {

namespace {

int64_t now_ms()
{
    return static_cast<int64_t>(ngx_current_msec);
}

// Errors by which a server says that it is not the one to ask, any more.
bool is_of_wrong_server(std::string_view error)
{
    constexpr std::string_view kErrors[] = {"MOVED ", "READONLY ", "UNBLOCKED ",
                                            "MASTERDOWN "};
    return std::any_of(
        std::begin(kErrors), std::end(kErrors),
        [&](std::string_view begin) { return error.starts_with(begin); });
}

} // namespace

MasterLink::MasterLink(const std::vector<Server>& servers, std::string_view key,
                       LogOwner& owner)
    : key_(key), owner_(owner), timer_(on_timer, this, ngx_cycle->log),
      link_(servers, *this)
{
    timer_.let_worker_end();
}

MasterLink::~MasterLink()
{
    is_open_ = false;
    is_closing_ = true;
}

void MasterLink::close(std::string_view why)
{
    const bool was_closing = std::exchange(is_closing_, true);
    link_.close(why);
    is_closing_ = was_closing;
}

void MasterLink::on_open()
{
    lineage_.clear();
    is_closing_ = false;
    blocked_until_ms_ = 0;
    is_asking_ = false;
    ask();
}

void MasterLink::on_closed(std::string_view why)
{
    is_open_ = false;
    timer_.stop();
    owner_.on_closed(why);
}

// -- commands -----------------------------------------------------------------

bool MasterLink::send(const Command& command, Pipeline::Callback callback,
                      int64_t block_ms)
{
    if (!is_open_) {
        return false;
    }
    if (block_ms > 0 && now_ms() - asked_ms_ >= kAskMs) {
        ask(); // while it blocks there is no answer
    }
    return add(command, std::move(callback), block_ms);
}

bool MasterLink::add(const Command& command, Pipeline::Callback callback,
                     int64_t block_ms)
{
    const int64_t now = now_ms();
    const int64_t until = std::max(blocked_until_ms_, now) + block_ms;
    calls_.add(std::move(callback));
    bool is_sent = false;
    try {
        is_sent = link_.send(command, until - now + kReplyMs,
                             [this](const Ending& ending) { take(ending); });
    } catch (...) {
        calls_.take_back();
        throw;
    }
    if (!is_sent) {
        calls_.take_back();
        return false;
    }
    sent_++;
    if (block_ms > 0) {
        blocked_until_ms_ = until;
        blocking_ = sent_;
    }
    return true;
}

void MasterLink::take(const Ending& ending)
{
    if (++ended_ == blocking_) {
        blocked_until_ms_ = 0;
    }
    if (!ending.reply) {
        is_open_ = false; // nothing more is taken by callbacks
    }
    if (calls_.end_first(ending) && ending.reply) {
        const std::string_view error = ending.reply->error();
        if (is_of_wrong_server(error)) {
            leave(error);
        }
    }
}

void MasterLink::leave(std::string_view error)
{
    const std::string why(error);
    std::optional<Place> place = read_moved(error, link_.host().place());
    if (place) {
        link_.go_to(std::move(*place));
    }
    close(why);
}

// -- which one it is ----------------------------------------------------------

void MasterLink::ask()
{
    if (is_asking_ || !link_.is_open()) {
        return;
    }
    // take() sees to it where another server has it; before it is open.
    (void)add(
        {"GET", key_}, [](const Ending& /*ending*/) {}, 0);
    is_asking_ = add(
        {"INFO", "replication"},
        [this](const Ending& ending) { take_info(ending); }, 0);
    asked_ms_ = now_ms();
    timer_.start(kAskMs);
}

void MasterLink::take_info(const Ending& ending)
{
    is_asking_ = false;
    if (!ending.reply) {
        return;
    }
    const std::string_view error = ending.reply->error();
    if (!error.empty()) {
        return close("INFO: " + std::string(error));
    }
    const Replication found = read_replication(ending.reply->text());
    if (!found.is_master) {
        return close("it is a replica");
    }
    if (!found.lineage.empty()) {
        return set_lineage(found.lineage);
    }
    if (lineage_.empty()) {
        // of this connection alone
        set_lineage("unknown-" + std::to_string(random_hash_key().first));
    }
}

void MasterLink::set_lineage(std::string_view lineage)
{
    if (lineage == lineage_) {
        return;
    }
    const std::string text(lineage);
    is_open_ = false;
    is_closing_ = true;
    calls_.give_up("the log is of another lineage");
    is_closing_ = false;
    if (link_.is_open()) {
        lineage_ = text;
        is_open_ = true;
        owner_.on_open(lineage_);
    }
}

// While a read blocks, the next one asks.
void MasterLink::on_timer(void* self)
{
    auto& link = *static_cast<MasterLink*>(self);
    link.timer_.start(kAskMs);
    if (link.ended_ >= link.blocking_) {
        guarded([&] { link.ask(); });
    }
}

} // namespace ws_pubsub::redis
