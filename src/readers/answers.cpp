#include "readers/answers.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/limits.hpp"

namespace ws_pubsub {

namespace {

// Errors that a change may be answered once it was applied.
Error error_of(const AnswerCell& cell)
{
    if (cell.error == Errc::zone_full) {
        return {cell.error, "the zone is full", cell.cause};
    }
    if (cell.cause == Cause::condition) {
        return kConditionFails;
    }
    if (cell.cause == Cause::idempotency_key) {
        return {cell.error, "the idempotency key had another body", cell.cause};
    }
    return {cell.error, "it could not be done", cell.cause};
}

} // namespace

bool Answers::open(WorkerId worker, uint64_t origin)
{
    Transaction tx(access_);
    AnswerBook& book = header_.workers[worker].answers;
    constexpr size_t kBytes = kAnswerCells * sizeof(AnswerCell);
    void* cells = tx.allocate(kBytes);
    if (cells == nullptr) {
        return false;
    }
    std::memset(cells, 0, kBytes);
    tx.set(book.cells, static_cast<AnswerCell*>(cells));
    tx.set(book.last, uint64_t{0});
    tx.set(book.origin, origin);
    return true;
}

void Answers::free(Transaction& tx, WorkerSlot& slot)
{
    if (slot.answers.cells != nullptr) {
        tx.release(slot.answers.cells);
        tx.set(slot.answers.cells, nullptr);
        tx.set(slot.answers.origin, uint64_t{0});
    }
}

bool Answers::has_any(WorkerId worker, uint64_t after) const
{
    const std::atomic_ref<uint64_t> last(header_.workers[worker].answers.last);
    return last.load(std::memory_order_relaxed) > after;
}

void Answers::read(WorkerId worker, uint64_t after,
                   std::vector<NumberedAnswer>& out) const
{
    Transaction tx(access_);
    const AnswerBook& book = header_.workers[worker].answers;
    const uint64_t first =
        book.last < kAnswerCells ? 1 : book.last - kAnswerCells + 1;
    for (uint64_t number = std::max(first, after + 1); number <= book.last;
         number++) {
        const AnswerCell& cell = book.cells[number % kAnswerCells];
        if (cell.number != number) {
            continue; // it was never applied
        }
        if (cell.error != Errc{}) {
            out.push_back({number, error_of(cell)});
        } else {
            const ChangeAnswer answer{{cell.epoch, cell.seq}, cell.subscribers};
            out.push_back({number, answer});
        }
    }
}

void Answers::put(Transaction& tx, uint64_t origin, uint64_t number,
                  const Result<ChangeAnswer>& result)
{
    auto* slot = std::find_if(
        std::begin(header_.workers), std::end(header_.workers),
        [&](const WorkerSlot& one) { return one.answers.origin == origin; });
    if (slot == std::end(header_.workers) || slot->ending) {
        return;
    }
    AnswerBook& book = slot->answers;
    AnswerCell& cell = book.cells[number % kAnswerCells];
    tx.set(cell.number, number);
    tx.set(cell.error, result ? Errc{} : result.error().code);
    tx.set(cell.cause, result ? Cause::other : result.error().cause);
    tx.set(cell.epoch, result ? result->at.epoch : 0);
    tx.set(cell.seq, result ? result->at.seq : 0);
    tx.set(cell.subscribers, result ? result->subscribers : 0);
    tx.set(book.last, number);
    tx.wake(static_cast<size_t>(slot - header_.workers), slot->wake);
}

} // namespace ws_pubsub
