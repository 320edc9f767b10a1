#include "topics/origins.hpp"

#include <new>

#include "base/limits.hpp"
#include "shm/list.hpp"

namespace ws_pubsub {

namespace {

using Heard = ZoneList<&OriginRecord::prev, &OriginRecord::next>;

} // namespace

OriginRecord* Origins::find(uint64_t id) const
{
    OriginRecord* origin = bucket(id);
    while (origin != nullptr && origin->id != id) {
        origin = origin->hash_next;
    }
    return origin;
}

OriginRecord* Origins::make(uint64_t id, int64_t time_ms)
{
    void* block = tx_.allocate(sizeof(OriginRecord));
    if (block == nullptr) {
        return nullptr;
    }
    auto* origin = new (block) OriginRecord{};
    origin->id = id;
    origin->heard_ms = time_ms;
    origin->hash_next = bucket(id);
    tx_.set(bucket(id), origin);
    Heard::push_back(tx_, book_.origin_head, book_.origin_tail, *origin);
    return origin;
}

void Origins::set_number(OriginRecord& origin, uint64_t number, int64_t time_ms)
{
    tx_.set(origin.number, number);
    tx_.set(origin.heard_ms, time_ms);
    if (book_.origin_tail != &origin) {
        Heard::remove(tx_, book_.origin_head, book_.origin_tail, origin);
        Heard::push_back(tx_, book_.origin_head, book_.origin_tail, origin);
    }
}

void Origins::forget_oldest()
{
    OriginRecord* origin = book_.origin_head;
    OriginRecord** link = &bucket(origin->id);
    while (*link != origin) {
        link = &(*link)->hash_next;
    }
    tx_.set(*link, origin->hash_next);
    Heard::remove(tx_, book_.origin_head, book_.origin_tail, *origin);
    tx_.release(origin);
    tx_.commit();
}

bool Origins::forget_some(int64_t time_ms, size_t most)
{
    for (size_t i = 0; i < most; i++) {
        const OriginRecord* origin = book_.origin_head;
        if (origin == nullptr || time_ms - origin->heard_ms < kOriginKeptMs) {
            return false;
        }
        forget_oldest();
    }
    return true;
}

bool Origins::forget_all(size_t most)
{
    for (size_t i = 0; i < most && book_.origin_head != nullptr; i++) {
        forget_oldest();
    }
    return book_.origin_head != nullptr;
}

} // namespace ws_pubsub
