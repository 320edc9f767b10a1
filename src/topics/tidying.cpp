#include "topics/tidying.hpp"

namespace ws_pubsub {

void Tidying::tidy(Transaction& tx, Topic& topic, size_t most)
{
    size_t steps = most;
    if (trim(tx, topic, steps) || topic.untidy) {
        return;
    }
    add_untidy(tx, topic);
    tx.commit();
}

void Tidying::add_untidy(Transaction& tx, Topic& topic)
{
    tx.set(topic.untidy, true);
    tx.set(topic.untidy_next, header_.untidy);
    tx.set(header_.untidy, &topic);
}

// Nothing of the first untidy topic is left but its record, which goes unless
// somebody needs it.
void Tidying::finish_first(Transaction& tx)
{
    Topic& topic = *header_.untidy;
    tx.set(header_.untidy, topic.untidy_next);
    tx.set(topic.untidy, false);
    records_.free_if_unused(tx, topic);
    tx.commit();
}

void Tidying::commit_or_free(Transaction& tx, Topic& topic, size_t most)
{
    const bool is_over = topic.epoch == 0 && topic.interests == nullptr;
    if (!is_over || topic.untidy) {
        return commit(tx, topic, most);
    }
    add_untidy(tx, topic);
    tx.commit();
    size_t steps = most;
    if (trim(tx, topic, steps)) {
        finish_first(tx);
    }
}

void Tidying::tidy_first(Transaction& tx, size_t& steps)
{
    if (trim(tx, *header_.untidy, steps) && steps > 0) {
        steps--;
        finish_first(tx);
    }
}

bool Tidying::tidy_some(Transaction& tx, size_t steps)
{
    while (header_.untidy != nullptr && steps > 0) {
        tidy_first(tx, steps);
    }
    return header_.untidy != nullptr;
}

} // namespace ws_pubsub
