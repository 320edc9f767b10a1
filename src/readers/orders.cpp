#include "readers/orders.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

#include "shm/list.hpp"
#include "topics/eviction.hpp"
#include "topics/shares.hpp"

namespace ws_pubsub {

namespace {

using OrderList = ZoneList<&Order::prev, &Order::next>;

// What is freed in one hold of the lock.
constexpr size_t kFreedPerLock = 32;
constexpr size_t kTakenPerLock = 4; // answers, which may be long

// Answers take no more than a part of what is free; the short ones any.
constexpr size_t kAnswersFreeShare = 4;
constexpr size_t kShortAnswer = 256;

template <class T>
T load(T& field)
{
    return std::atomic_ref<T>(field).load(std::memory_order_relaxed);
}

} // namespace

size_t Orders::most_bytes() const
{
    return std::min<size_t>(kMaxOrderBytes,
                            header_.zone_bytes / kOrdersZoneShare);
}

void Orders::attach(Transaction& tx, WorkerSlot& slot)
{
    tx.set(slot.first_order, header_.orders.last + 1);
    tx.set(slot.order_cursor, header_.orders.last);
}

uint64_t Orders::read_by_all() const
{
    uint64_t read = header_.orders.last;
    for (const WorkerSlot& slot : header_.workers) {
        if (slot.process.pid != 0 && !slot.ending) {
            read = std::min(read, slot.order_cursor);
        }
    }
    return read;
}

// `read`: up to which number all have read. Commits.
void Orders::drop(Transaction& tx, Order& order, uint64_t read)
{
    OrderBook& book = header_.orders;
    if (order.number > read && order.kind != OrderKind::list) {
        tx.set(book.lost, std::max(book.lost, order.number));
    }
    OrderList::remove(tx, book.head, book.tail, order);
    tx.set(book.count, book.count - 1);
    tx.set(book.bytes,
           book.bytes - Shares::bytes_of(Order::bytes_of(order.argument())));
    tx.release(&order);
    tx.commit();
}

// False: there are more.
bool Orders::drop_read(Transaction& tx, uint64_t read, size_t& steps)
{
    const OrderBook& book = header_.orders;
    while (book.head != nullptr && book.head->number <= read) {
        if (steps == 0) {
            return false;
        }
        steps--;
        drop(tx, *book.head, read);
    }
    return true;
}

bool Orders::look_after(Transaction& tx, int64_t ticks_ms)
{
    if (header_.orders.head == nullptr) {
        return false;
    }
    const uint64_t read = read_by_all();
    size_t steps = kFreedPerLock;
    if (!drop_read(tx, read, steps)) {
        return true;
    }
    for (Order* order = header_.orders.head; order != nullptr;) {
        Order& old = *order;
        order = order->next;
        if (old.expires_ms > ticks_ms) {
            continue;
        }
        if (steps == 0) {
            return true;
        }
        steps--;
        drop(tx, old, read);
    }
    return false;
}

// As many of the oldest go as have to. Those that were made just now don't:
// whoever has not read them may do so yet. False: there is no room.
bool Orders::make_room(Transaction& tx, size_t bytes)
{
    const OrderBook& book = header_.orders;
    const uint64_t read = read_by_all();
    const int64_t young_ms = access_.clock.ticks_ms() - kControlWaitMs;
    while (book.head != nullptr &&
           (book.count >= kMaxOrders ||
            book.bytes + Shares::bytes_of(bytes) > most_bytes())) {
        if (book.head->number > read && book.head->born_ms > young_ms) {
            return false;
        }
        drop(tx, *book.head, read);
    }
    return true;
}

// nullptr: there is no memory.
Order* Orders::make(Transaction& tx, std::string_view argument)
{
    const size_t bytes = Order::bytes_of(argument);
    Eviction eviction(topics_, tx, bytes);
    void* block = try_with_room([&] { return tx.allocate(bytes); },
                                [&] { return eviction.evict_some(); });
    if (block == nullptr) {
        return nullptr;
    }
    auto* order = new (block) Order{};
    order->argument_bytes = static_cast<uint32_t>(argument.size());
    std::memcpy(order + 1, argument.data(), argument.size());
    return order;
}

Result<PlacedOrder> Orders::place(WorkerId asker, OrderKind kind,
                                  std::string_view argument, int64_t lasts_ms)
{
    if (Shares::bytes_of(Order::bytes_of(argument)) > most_bytes()) {
        return Error{Errc::limit, "the order is too long"};
    }
    PlacedOrder placed;
    placed.workers.reserve(kMaxWorkers); // nothing may fail half way
    Transaction tx(access_);
    if (!make_room(tx, Order::bytes_of(argument))) {
        return Error{Errc::unavailable, "too many orders at a time"};
    }
    Order* order = make(tx, argument);
    if (order == nullptr) {
        return Error{Errc::zone_full, "the zone is full"};
    }
    OrderBook& book = header_.orders;
    order->kind = kind;
    order->asker = asker;
    order->number = placed.number = book.last + 1;
    order->born_ms = access_.clock.ticks_ms();
    order->expires_ms = order->born_ms + lasts_ms;
    tx.set(book.last, order->number);
    OrderList::push_back(tx, book.head, book.tail, *order);
    tx.set(book.count, book.count + 1);
    tx.set(book.bytes,
           book.bytes + Shares::bytes_of(Order::bytes_of(argument)));
    for (size_t i = 0; i < kMaxWorkers; i++) {
        const WorkerSlot& slot = header_.workers[i];
        if (slot.process.pid != 0 && !slot.ending) {
            placed.workers.push_back({static_cast<WorkerId>(i), slot.process});
            tx.wake(i, slot.wake);
        }
    }
    return placed;
}

OrderToRead Orders::read(WorkerId worker)
{
    OrderToRead out;
    Transaction tx(access_);
    const OrderBook& book = header_.orders;
    uint64_t& cursor = header_.workers[worker].order_cursor;
    if (cursor == book.last) {
        return out;
    }
    out.missed = cursor < book.lost;
    Order* order = book.head;
    while (order != nullptr && order->number <= cursor) {
        order = order->next;
    }
    if (order != nullptr) {
        out.number = order->number;
        out.kind = order->kind;
        out.asker = order->asker;
        out.argument = order->argument();
    }
    tx.set(cursor, order == nullptr ? book.last : order->number);
    tx.commit();
    size_t steps = kFreedPerLock;
    (void)drop_read(tx, read_by_all(), steps);
    return out;
}

bool Orders::may_take(std::string_view text) const
{
    return text.size() <= kShortAnswer ||
           (text.size() <= kMaxReplyBytes &&
            text.size() <= access_.memory.free_bytes() / kAnswersFreeShare);
}

bool Orders::answer(WorkerId worker, const OrderToRead& order,
                    std::string_view text)
{
    Transaction tx(access_);
    WorkerSlot& slot = header_.workers[order.asker];
    if (slot.process.pid == 0 || slot.ending ||
        order.number < slot.first_order) {
        return true;
    }
    void* block = may_take(text) ? tx.allocate(sizeof(OrderReply) + text.size())
                                 : nullptr;
    if (block == nullptr) {
        return false;
    }
    auto* reply = new (block) OrderReply{};
    reply->order = order.number;
    reply->worker = worker;
    reply->text_bytes = static_cast<uint32_t>(text.size());
    std::memcpy(reply + 1, text.data(), text.size());
    reply->next = slot.replies;
    tx.set(slot.replies, reply);
    tx.wake(order.asker, slot.wake);
    return true;
}

void Orders::free_first_reply(Transaction& tx, WorkerSlot& slot)
{
    OrderReply* reply = slot.replies;
    tx.set(slot.replies, reply->next);
    tx.release(reply);
    tx.commit();
}

std::vector<OrderAnswer> Orders::take_answers(WorkerId worker)
{
    std::vector<OrderAnswer> answers;
    Transaction tx(access_);
    WorkerSlot& slot = header_.workers[worker];
    for (size_t i = 0; i < kTakenPerLock && slot.replies != nullptr; i++) {
        OrderReply& reply = *slot.replies;
        answers.push_back(
            {reply.order, reply.worker, std::string(reply.text())});
        free_first_reply(tx, slot);
    }
    return answers;
}

bool Orders::is_there(const OrderedWorker& worker)
{
    Transaction tx(access_);
    const WorkerSlot& slot = header_.workers[worker.worker];
    return slot.process == worker.process && !slot.ending;
}

bool Orders::may_have_some(WorkerId worker) const
{
    WorkerSlot& slot = header_.workers[worker];
    return load(slot.order_cursor) != load(header_.orders.last) ||
           load(slot.replies) != nullptr;
}

} // namespace ws_pubsub
