#include "topics/revocations.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <iterator>
#include <map>
#include <new>

#include "base/keyed_hash.hpp"
#include "topics/eviction.hpp"
#include "topics/shares.hpp"

namespace ws_pubsub {

namespace {

constexpr size_t kSweptPerLook = 32; // buckets

constexpr Error kTooLong{Errc::bad_request, "user or jti is too long"};
constexpr Error kTooMany{Errc::zone_full, "too many revocations"};
constexpr Error kNoMemory{Errc::zone_full, "the zone is full"};

char digit_of(Revocation::Of of)
{
    return static_cast<char>('0' + static_cast<int>(of));
}

// Whether the record's name comes later than that one, which may be empty.
bool is_before(std::string_view name, RevocationRecord& record)
{
    if (name.empty()) {
        return true;
    }
    const char digit = digit_of(record.of);
    return name[0] != digit ? name[0] < digit : name.substr(1) < record.text();
}

} // namespace

std::string ListedRevocation::name() const
{
    return digit_of(revocation.of) + revocation.text;
}

// Of an id it is the number that a token's mark has.
uint64_t Revocations::hash(Revocation::Of of, std::string_view text) const
{
    return of == Revocation::Of::id ? TokenMark::number_of(text)
                                    : keyed_hash(text, header_.hash_key);
}

RevocationRecord** Revocations::bucket(uint64_t hash) const
{
    return &header_.revocations.buckets[hash % kRevocationBuckets];
}

// nullptr: there is none.
RevocationRecord* Revocations::find(Revocation::Of of,
                                    std::string_view text) const
{
    if (of == Revocation::Of::id) {
        return find_id(TokenMark::number_of(text));
    }
    const uint64_t wanted = hash(of, text);
    RevocationRecord* record = *bucket(wanted);
    while (record != nullptr && (record->hash != wanted || record->of != of ||
                                 record->text() != text)) {
        record = record->next;
    }
    return record;
}

RevocationRecord* Revocations::find_id(uint64_t number) const
{
    RevocationRecord* record = *bucket(number);
    while (record != nullptr &&
           (record->hash != number || record->of != Revocation::Of::id)) {
        record = record->next;
    }
    return record;
}

bool Revocations::counts(const RevocationRecord* record,
                         const TokenMark& mark) const
{
    return record != nullptr && mark.issued_ms < record->before_ms &&
           record->expires_ms > access_.clock.ticks_ms();
}

bool Revocations::cover(std::string_view user, const TokenMark& mark)
{
    const std::atomic_ref<uint64_t> count(header_.revocations.count);
    if (count.load(std::memory_order_acquire) == 0) {
        return false;
    }
    const Transaction tx(access_);
    return counts(find(Revocation::Of::all, {}), mark) ||
           (!user.empty() && counts(find(Revocation::Of::user, user), mark)) ||
           (mark.id != 0 && counts(find_id(mark.id), mark));
}

// Without its times; nullptr: there is no memory.
RevocationRecord* Revocations::make(Transaction& tx,
                                    const Revocation& revocation)
{
    const size_t bytes = RevocationRecord::bytes_of(revocation.text);
    Eviction eviction(parts_, tx, bytes);
    void* block = try_with_room([&] { return tx.allocate(bytes); },
                                [&] { return eviction.evict_some(); });
    if (block == nullptr) {
        return nullptr;
    }
    auto* record = new (block) RevocationRecord{};
    record->hash = hash(revocation.of, revocation.text);
    record->text_bytes = static_cast<uint16_t>(revocation.text.size());
    record->of = revocation.of;
    std::memcpy(record + 1, revocation.text.data(), revocation.text.size());
    RevocationBook& book = header_.revocations;
    RevocationRecord** first = bucket(record->hash);
    record->next = *first;
    tx.set(*first, record);
    tx.set(book.count, book.count + 1);
    tx.set(book.bytes, book.bytes + Shares::bytes_of(bytes));
    return record;
}

bool Revocations::has_room_for(size_t bytes) const
{
    const RevocationBook& book = header_.revocations;
    return book.count < kMaxRevocations &&
           book.bytes + bytes <= header_.zone_bytes / kRevocationsZoneShare;
}

// Those whose time is over go. False: there are too many.
bool Revocations::make_room(Transaction& tx, size_t bytes, int64_t ticks_ms)
{
    for (size_t i = 0; i < kRevocationBuckets && !has_room_for(bytes); i++) {
        sweep(tx, i, ticks_ms);
    }
    return has_room_for(bytes);
}

std::optional<Error> Revocations::put(const Revocation& revocation,
                                      int64_t keep_ms,
                                      ReplacedRevocation* replaced)
{
    if (revocation.text.size() > kMaxIdentityBytes) {
        return kTooLong;
    }
    const int64_t ticks_ms = access_.clock.ticks_ms();
    const int64_t now_ms = access_.clock.now_ms();
    const int64_t ends_ms = std::max(revocation.before_ms, now_ms) + keep_ms;
    const size_t bytes =
        Shares::bytes_of(RevocationRecord::bytes_of(revocation.text));
    Transaction tx(access_);
    RevocationRecord* record = find(revocation.of, revocation.text);
    if (replaced != nullptr) {
        *replaced =
            record == nullptr
                ? ReplacedRevocation{}
                : ReplacedRevocation{true, record->before_ms,
                                     record->expires_ms, record->ends_ms};
        replaced->put_ends_ms = ends_ms;
    }
    if (record == nullptr) {
        if (!make_room(tx, bytes, ticks_ms)) {
            return kTooMany;
        }
        record = make(tx, revocation);
        if (record == nullptr) {
            return kNoMemory;
        }
    }
    set_times(tx, *record, revocation.before_ms, ticks_ms + (ends_ms - now_ms),
              ends_ms);
    return std::nullopt;
}

bool Revocations::restore(Transaction& tx, const Revocation& revocation,
                          int64_t expires_ms, int64_t ends_ms)
{
    const size_t bytes =
        Shares::bytes_of(RevocationRecord::bytes_of(revocation.text));
    RevocationRecord* record =
        find(revocation.of, revocation.text) == nullptr && has_room_for(bytes)
            ? make(tx, revocation)
            : nullptr;
    if (record == nullptr) {
        return false;
    }
    set_times(tx, *record, revocation.before_ms, expires_ms, ends_ms);
    return true;
}

void Revocations::set_times(Transaction& tx, RevocationRecord& record,
                            int64_t before_ms, int64_t expires_ms,
                            int64_t ends_ms)
{
    RevocationBook& book = header_.revocations;
    tx.set(record.before_ms, before_ms);
    tx.set(record.expires_ms, expires_ms);
    tx.set(record.ends_ms, ends_ms);
    tx.set(book.changes, book.changes + 1);
}

void Revocations::take_back(const Revocation& revocation,
                            const ReplacedRevocation& replaced)
{
    Transaction tx(access_);
    RevocationRecord* record = find(revocation.of, revocation.text);
    if (record == nullptr || record->before_ms != revocation.before_ms ||
        record->ends_ms != replaced.put_ends_ms) {
        return;
    }
    if (!replaced.existed) {
        return drop(tx, *record);
    }
    set_times(tx, *record, replaced.before_ms, replaced.expires_ms,
              replaced.ends_ms);
}

// `link`: what points to it.
void Revocations::drop(Transaction& tx, RevocationRecord** link)
{
    RevocationRecord* record = *link;
    tx.set(*link, record->next);
    RevocationBook& book = header_.revocations;
    tx.set(book.count, book.count - 1);
    tx.set(book.changes, book.changes + 1);
    tx.set(book.bytes, book.bytes - Shares::bytes_of(RevocationRecord::bytes_of(
                                        record->text())));
    tx.release(record);
    tx.commit();
}

void Revocations::drop(Transaction& tx, RevocationRecord& record)
{
    RevocationRecord** link = bucket(record.hash);
    while (*link != &record) {
        link = &(*link)->next;
    }
    drop(tx, link);
}

bool Revocations::remove(Revocation::Of of, std::string_view text)
{
    Transaction tx(access_);
    RevocationRecord* record = find(of, text);
    if (record == nullptr) {
        return false;
    }
    const bool was_good = record->expires_ms > access_.clock.ticks_ms();
    drop(tx, *record);
    return was_good;
}

void Revocations::sweep(Transaction& tx, size_t bucket, int64_t ticks_ms)
{
    RevocationRecord** link = &header_.revocations.buckets[bucket];
    while (*link != nullptr) {
        if ((*link)->expires_ms <= ticks_ms) {
            drop(tx, link);
        } else {
            link = &(*link)->next;
        }
    }
}

void Revocations::look_after(Transaction& tx, int64_t ticks_ms)
{
    RevocationBook& book = header_.revocations;
    for (size_t i = 0; i < kSweptPerLook && book.count > 0; i++) {
        sweep(tx, book.swept, ticks_ms);
        tx.set(book.swept, (book.swept + 1) % kRevocationBuckets);
    }
}

// Each bucket in a hold of the lock of its own. Most of many are behind what is
// asked for: their texts are not copied.
std::vector<ListedRevocation> Revocations::list(const std::string& after,
                                                size_t most)
{
    std::map<std::string, ListedRevocation, std::less<>> found;
    for (size_t i = 0; i < kRevocationBuckets; i++) {
        const Transaction tx(access_);
        const int64_t ticks_ms = access_.clock.ticks_ms();
        for (RevocationRecord* record = header_.revocations.buckets[i];
             record != nullptr; record = record->next) {
            const bool is_full = found.size() == most;
            if (record->expires_ms <= ticks_ms || !is_before(after, *record) ||
                (is_full &&
                 is_before(std::prev(found.end())->first, *record))) {
                continue;
            }
            ListedRevocation listed{
                {record->of, std::string(record->text()), record->before_ms},
                record->ends_ms};
            found.emplace(listed.name(), std::move(listed));
            if (is_full) {
                found.erase(std::prev(found.end()));
            }
        }
    }
    std::vector<ListedRevocation> listed;
    listed.reserve(found.size());
    for (auto& [name, revocation] : found) {
        listed.push_back(std::move(revocation));
    }
    return listed;
}

} // namespace ws_pubsub
