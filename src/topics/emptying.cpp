#include "topics/emptying.hpp"

#include "base/topic.hpp"
#include "topics/change.hpp"
#include "topics/origins.hpp"
#include "topics/removal.hpp"

namespace ws_pubsub {

Emptying::State Emptying::step()
{
    Transaction tx(parts_.access);
    const ReplicaBook& book = parts_.header.replica;
    if (!marked_) {
        mark(tx);
        return State::more;
    }
    if (book.replacing != replacing_) {
        return State::stale;
    }
    if (parts_.header.untidy != nullptr) {
        parts_.tidying.tidy_some(tx, Tidying::kAtATime);
        return State::more;
    }
    size_t steps = kStepsPerLock;
    if (!drop_keys(tx, steps) || !drop_topics(tx, steps) ||
        parts_.header.untidy != nullptr) {
        return State::more;
    }
    return Origins(parts_.header, tx).forget_all(kStepsPerLock) ? State::more
                                                                : State::done;
}

void Emptying::mark(Transaction& tx)
{
    ReplicaBook& book = parts_.header.replica;
    tx.set(book.replacing, replacing_);
    tx.set(book.replacements, book.replacements + 1);
    tx.set(book.last.ms, uint64_t{0});
    tx.set(book.last.number, uint64_t{0});
    tx.set(book.last_nonce, uint64_t{0});
    tx.set(book.done, uint64_t{0});
    if (loss_ == Loss::rewound) {
        tx.set(book.rewound, uint64_t{1});
    }
    marked_ = true;
}

// All of these: false: there are more.
bool Emptying::drop_keys(Transaction& tx, size_t& steps)
{
    for (const KeyShare owner : {KeyShare::application, KeyShare::client}) {
        while (parts_.keys.drop_oldest(tx, owner) != 0) {
            if (--steps == 0) {
                return false;
            }
        }
    }
    return true;
}

bool Emptying::drop_topics(Transaction& tx, size_t& steps)
{
    const TopicTable& table = parts_.records.table();
    for (Topic* topic = table.first_after(path_); topic != nullptr;
         topic = table.first_after(path_)) {
        if (steps == 0) {
            return false;
        }
        steps--;
        const std::string path(topic->path());
        if (!is_reserved(path)) {
            parts_.readers.displaced(tx, *topic, loss_ != Loss::none);
            tx.commit();
            if (!drop_topic(tx, path, steps)) {
                return false;
            }
        }
        path_ = path;
    }
    return true;
}

bool Emptying::drop_topic(Transaction& tx, std::string_view path, size_t& steps)
{
    const Change change = removal_of(path, parts_.access.clock.now_ms(), {});
    (void)Removal(parts_, tx, change).remove();
    Topic* topic = parts_.records.find(path);
    if (topic == nullptr) {
        return true;
    }
    for (; topic->head != nullptr; steps--) {
        if (steps == 0) {
            return false;
        }
        TopicLog(parts_.header, tx).drop_head(*topic);
        tx.commit();
    }
    parts_.records.free_if_unused(tx, *topic);
    return true;
}

void Emptying::end()
{
    Transaction tx(parts_.access);
    ReplicaBook& book = parts_.header.replica;
    if (book.replacing == replacing_) {
        tx.set(book.entries, uint64_t{0});
        tx.set(book.replacing, uint64_t{0});
    }
}

} // namespace ws_pubsub
