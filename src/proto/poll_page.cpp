#include "proto/poll_page.hpp"

#include <algorithm>

#include "base/budget.hpp"
#include "base/limits.hpp"
#include "json/writer.hpp"
#include "proto/stream_dialect.hpp"

namespace ws_pubsub {

namespace {

constexpr size_t kTopicsPerStep = 64;

// What an item costs beside its text.
constexpr size_t kItemBytes = 64;

void append_end(std::string& out, const Cursor& cursor, bool more)
{
    JsonWriter(out)
        .end_array()
        .name("cursor")
        .string(cursor_text(cursor))
        .name("more")
        .boolean(more)
        .end_object();
}

} // namespace

bool PollPage::step(size_t& left)
{
    if (row_ == rows_.size() && !list(left)) {
        return selector_ == selectors_.size();
    }
    for (size_t i = 0; i < kTopicsPerStep && row_ < rows_.size() && left > 0;
         i++) {
        read(rows_[row_++], left);
    }
    return false;
}

// The next topics. False: there are none, or none yet.
bool PollPage::list(size_t& left)
{
    rows_.clear();
    row_ = 0;
    if (listed_) {
        listed_ = false;
        after_.clear();
        selector_++;
    }
    if (selector_ == selectors_.size()) {
        return false;
    }
    listed_ = reader_.scan(selectors_[selector_], after_, kTopicsPerStep, rows_,
                           left) == Topics::Scan::ended;
    return !rows_.empty();
}

bool PollPage::is_of_earlier(const std::string& path) const
{
    const auto end = selectors_.begin() + static_cast<ptrdiff_t>(selector_);
    return std::any_of(selectors_.begin(), end, [&](const Selector& earlier) {
        return earlier.matches(path);
    });
}

void PollPage::read(const TopicRow& row, size_t& left)
{
    spend(left, kReadCost);
    if (is_of_earlier(row.path)) {
        return;
    }
    const ReadAnswer answer =
        reader_.read(row.path, from_, {kMaxPageItems, kMaxPageBytes}, batch_);
    spend(left, batch_.bytes() / kBytesPerTopic);
    add_gap(row, answer,
            batch_.empty() ? cursor_.number : batch_[0].message.number);
    for (size_t i = 0; i < batch_.size(); i++) {
        const Message message = batch_[i].message;
        if (message.number > cursor_.number) {
            return;
        }
        std::string json;
        append_stream_message(json, row.path, message);
        add(message.number, std::move(json));
    }
    if (answer.more && !batch_.empty()) {
        const uint64_t last = batch_[batch_.size() - 1].message.number;
        cursor_.number = std::min(cursor_.number, last);
        more_ = true;
    }
}

void PollPage::add_gap(const TopicRow& row, const ReadAnswer& answer,
                       uint64_t number)
{
    if (answer.lost_to == 0 || number > cursor_.number) {
        return;
    }
    std::string json = "{\"op\":\"gap\",\"topic\":";
    append_json_string(json, row.path);
    JsonWriter(json)
        .name("from")
        .number(answer.lost_from)
        .name("to")
        .number(answer.lost_to)
        .name("cause")
        .string("evicted")
        .end_object();
    add(number, std::move(json));
}

// Where the page is full the last one of it goes to the next. (One alone always
// fits.)
void PollPage::add(uint64_t number, std::string json)
{
    bytes_ += json.size() + kItemBytes;
    items_.push_back({number, found_++, std::move(json)});
    std::push_heap(items_.begin(), items_.end());
    while (items_.size() > 1 && items_.front().number != 0 &&
           (bytes_ > kMaxPageBytes || items_.size() > kMaxPageItems)) {
        cursor_.number = std::min(cursor_.number, items_.front().number - 1);
        more_ = true;
        bytes_ -= items_.front().json.size() + kItemBytes;
        std::pop_heap(items_.begin(), items_.end());
        items_.pop_back();
    }
}

std::string PollPage::text(bool is_reset)
{
    std::string out = "{\"items\":[";
    if (is_reset) {
        out += R"({"op":"reset"})";
    }
    std::sort_heap(items_.begin(), items_.end());
    for (const Item& item : items_) {
        if (item.number <= cursor_.number) {
            JsonWriter(out).raw(item.json);
        }
    }
    append_end(out, cursor_, more_);
    return out;
}

std::string PollPage::nothing(const Cursor& cursor)
{
    std::string out = "{\"items\":[";
    append_end(out, cursor, false);
    return out;
}

} // namespace ws_pubsub
