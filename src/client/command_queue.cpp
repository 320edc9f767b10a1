#include "client/command_queue.hpp"

#include <utility>

#include "client/client.hpp"

namespace ws_pubsub {

void CommandQueue::add(std::unique_ptr<QueuedCommand> command)
{
    entries_.push_back({std::move(command), nullptr, std::nullopt});
    ask_ahead();
}

void CommandQueue::ask(Entry& entry, const Question& question)
{
    entry.pending =
        client_.standing().ask(question, [this, &entry](Verdict verdict) {
            entry.verdict = std::move(verdict);
            const auto answered =
                std::move(entry.pending); // ends with this call
            if (&entry == &entries_.front()) {
                client_.go_on_soon();
            }
        });
    if (entry.pending == nullptr) {
        entry.verdict.emplace().refusal = kCantAsk;
    }
}

void CommandQueue::ask_ahead()
{
    for (Entry& entry : entries_) {
        if (entry.command->changes_rights()) {
            break;
        }
        if (entry.pending == nullptr && !entry.verdict) {
            if (const auto question = entry.command->early_question()) {
                ask(entry, *question);
            }
        }
    }
    client_.effort().set_full(entries_.size() >=
                              client_.settings().hooks.max_pending);
}

void CommandQueue::run()
{
    while (!entries_.empty() && entries_.front().pending == nullptr &&
           client_.effort().has_some() && !client_.session().stopped()) {
        run_front();
    }
    if (client_.session().stopped()) {
        return;
    }
    ask_ahead();
    if (!entries_.empty() && entries_.front().pending == nullptr &&
        !client_.effort().is_paused()) {
        client_.go_on_soon();
    }
}

// It is not in the queue meanwhile, which may be cleared.
void CommandQueue::run_front()
{
    std::list<Entry> front;
    front.splice(front.begin(), entries_, entries_.begin());
    Entry& entry = front.front();
    const auto ran =
        entry.command->run(entry.verdict ? &*entry.verdict : nullptr);
    if (ran == QueuedCommand::Ran::done || client_.session().stopped()) {
        return;
    }
    entries_.splice(entries_.begin(), front);
    if (ran == QueuedCommand::Ran::later) {
        client_.effort().end_turn();
    } else {
        ask(entry, entry.command->question());
    }
}

} // namespace ws_pubsub
