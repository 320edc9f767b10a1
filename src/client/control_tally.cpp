#include "client/control_tally.hpp"

#include <algorithm>
#include <charconv>

namespace ws_pubsub {

namespace {

constexpr size_t kFlagBytes = 4; // " 0 0"

} // namespace

void ControlTally::add(const OrderAnswer& answer)
{
    const auto from = std::find_if(waiting_.begin(), waiting_.end(),
                                   [&](const OrderedWorker& worker) {
                                       return worker.worker == answer.worker;
                                   });
    const std::string_view text = answer.text;
    const std::string_view head = text.substr(0, text.find('\n'));
    if (from == waiting_.end() || head.size() <= kFlagBytes) {
        return;
    }
    waiting_.erase(from);
    uint64_t ended = 0;
    (void)std::from_chars(head.data(), head.data() + head.size(), ended);
    ended_ += ended;
    found_ |= head.back() == '1';
    add_rows(text.substr(head.size()), head[head.size() - 3] == '1');
}

// `text`: each line behind its line feed.
void ControlTally::add_rows(std::string_view text, bool more)
{
    more_ |= more;
    if (text.empty()) {
        return;
    }
    sources_++;
    while (!text.empty()) {
        text.remove_prefix(1);
        const size_t end = std::min(text.find('\n'), text.size());
        rows_.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    if (more) {
        end_ = end_.empty() ? rows_.back() : std::min(end_, rows_.back());
    }
}

void ControlTally::forget_ended(Orders& orders)
{
    std::erase_if(waiting_, [&](const OrderedWorker& worker) {
        return !orders.is_there(worker);
    });
}

std::vector<int32_t> ControlTally::missing() const
{
    std::vector<int32_t> pids;
    for (const OrderedWorker& worker : waiting_) {
        pids.push_back(worker.process.pid);
    }
    std::sort(pids.begin(), pids.end());
    return pids;
}

ControlTally::List ControlTally::list(size_t limit) const
{
    List list{rows_, more_};
    if (sources_ > 1) {
        std::sort(list.rows.begin(), list.rows.end());
        std::erase_if(list.rows, [&](const std::string& row) {
            return !end_.empty() && row > end_;
        });
    }
    if (list.rows.size() > limit) {
        list.rows.resize(limit);
        list.more = true;
    }
    return list;
}

} // namespace ws_pubsub
