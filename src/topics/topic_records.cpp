#include "topics/topic_records.hpp"

#include "base/topic.hpp"
#include "topics/forks.hpp"
#include "topics/shares.hpp"
#include "topics/topic_clocks.hpp"
#include "topics/topic_log.hpp"

namespace ws_pubsub {

Topic* TopicRecords::make(Transaction& tx, std::string_view path)
{
    Topic* topic = table_.insert(tx, path);
    if (topic != nullptr) {
        Shares(header_, tx).hold(topic->bytes());
    }
    return topic;
}

bool TopicRecords::begin(Transaction& tx, Topic& topic)
{
    uint64_t& next_epoch = header_.replica.on && is_reserved(topic.path())
                               ? header_.replica.next_local_epoch
                               : header_.next_epoch;
    tx.set(topic.epoch, next_epoch);
    tx.set(topic.seq, uint64_t{0});
    tx.set(next_epoch, next_epoch + 1);
    tx.set(header_.totals.topics, header_.totals.topics + 1);
    Shares(header_, tx).let_go(topic.bytes());
    return readers_.appeared(tx, topic);
}

Topic* TopicRecords::restore(Transaction& tx, std::string_view path,
                             const Position& at)
{
    Topic* topic = find_or_make(tx, path);
    if (topic == nullptr || topic->epoch != 0) {
        return nullptr;
    }
    tx.set(topic->epoch, at.epoch);
    tx.set(topic->seq, at.seq);
    tx.set(header_.totals.topics, header_.totals.topics + 1);
    Shares(header_, tx).let_go(topic->bytes());
    return readers_.appeared(tx, *topic) ? topic : nullptr;
}

void TopicRecords::end(Transaction& tx, Topic& topic)
{
    TopicLog(header_, tx).age_value(topic);
    Forks(header_, tx).drop(topic);
    tx.set(topic.epoch, uint64_t{0});
    tx.set(topic.seq, uint64_t{0});
    tx.set(header_.totals.topics, header_.totals.topics - 1);
    Shares(header_, tx).hold(topic.bytes());
    readers_.disappeared(tx, topic);
}

void TopicRecords::free_if_unused(Transaction& tx, Topic& topic)
{
    if (topic.epoch == 0 && topic.interests == nullptr &&
        topic.head == nullptr && !topic.untidy && readers_.let_go(tx, topic)) {
        Shares(header_, tx).let_go(topic.bytes());
        TopicClocks(header_, tx).drop(topic);
        table_.erase(tx, topic);
        tx.commit();
    }
}

} // namespace ws_pubsub
