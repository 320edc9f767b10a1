#include "topics/shares.hpp"

#include <algorithm>

namespace ws_pubsub {

namespace {

constexpr size_t kHeadBytes = 8;   // of a block of the heap
constexpr size_t kLeastBytes = 24; // of its payload

// Of the subscribers' share: for nothing but what they hold, and for nothing
// but their interests in topics that exist.
constexpr uint64_t kQuarter = 4;

uint64_t what_is_left(uint64_t share, uint64_t used)
{
    return share > used ? share - used : 0;
}

} // namespace

uint64_t Shares::bytes_of(size_t payload_bytes)
{
    return std::max((payload_bytes + 7) / 8 * 8, kLeastBytes) + kHeadBytes;
}

void Shares::divide(uint64_t zone_bytes, const SharePercents& percents)
{
    ShareBook& book = header_.shares;
    const uint64_t share = zone_bytes * percents.subscribers / 100;
    tx_.set(book.subscribers, share);
    tx_.set(book.held_only, share / kQuarter);
    tx_.set(book.held_most, share - share / kQuarter);
    tx_.set(book.keys_most, zone_bytes * percents.keys / 100);
}

void Shares::hold(size_t payload_bytes, size_t count)
{
    uint64_t& held = header_.shares.held;
    tx_.set(held, held + count * bytes_of(payload_bytes));
}

void Shares::let_go(size_t payload_bytes, size_t count)
{
    uint64_t& held = header_.shares.held;
    tx_.set(held, held - count * bytes_of(payload_bytes));
}

void Shares::add_reading(size_t payload_bytes, size_t count)
{
    uint64_t& reading = header_.shares.reading;
    tx_.set(reading, reading + count * bytes_of(payload_bytes));
}

void Shares::remove_reading(size_t payload_bytes, size_t count)
{
    uint64_t& reading = header_.shares.reading;
    tx_.set(reading, reading - count * bytes_of(payload_bytes));
}

bool Shares::is_within() const
{
    return header_.shares.held <= header_.shares.held_most;
}

bool Shares::may_read(size_t free_bytes) const
{
    const ShareBook& book = header_.shares;
    return free_bytes >=
           what_is_left(book.held_only, book.held) + missing_spare();
}

uint64_t Shares::kept_from_messages() const
{
    const ShareBook& book = header_.shares;
    return std::max(what_is_left(book.subscribers, book.held + book.reading),
                    what_is_left(book.held_only, book.held)) +
           missing_spare();
}

// The room for the spare block, while it is in use.
uint64_t Shares::missing_spare() const
{
    return header_.spare == nullptr ? header_.spare_bytes : 0;
}

void Shares::add_key(KeyShare owner, size_t payload_bytes)
{
    uint64_t& used = header_.keys[static_cast<size_t>(owner)].bytes;
    tx_.set(used, used + bytes_of(payload_bytes));
}

void Shares::remove_key(KeyShare owner, size_t payload_bytes)
{
    uint64_t& used = header_.keys[static_cast<size_t>(owner)].bytes;
    tx_.set(used, used - bytes_of(payload_bytes));
}

bool Shares::has_room_for_key(KeyShare owner, size_t payload_bytes) const
{
    return header_.keys[static_cast<size_t>(owner)].bytes +
               bytes_of(payload_bytes) <=
           header_.shares.keys_most;
}

} // namespace ws_pubsub
