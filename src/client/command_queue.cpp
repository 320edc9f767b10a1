#include "client/command_queue.hpp"

#include <utility>

#include "client/client.hpp"

namespace ws_pubsub {

void CommandQueue::add(std::unique_ptr<QueuedCommand> command)
{
    entries_.emplace_back().command = std::move(command);
    ask_ahead();
}

void CommandQueue::add_unanswered(std::unique_ptr<QueuedCommand> command)
{
    Entry& entry = entries_.emplace_back();
    entry.command = std::move(command);
    entry.unanswered = true;
    ask_ahead();
}

std::unique_ptr<QueuedCommand> CommandQueue::take_answered()
{
    auto command = std::move(entries_.front().command);
    entries_.pop_front();
    client_.effort().go_on_soon();
    return command;
}

void CommandQueue::run_again()
{
    entries_.front().unanswered = false;
    client_.effort().go_on_soon();
}

void CommandQueue::ask(Entry& entry, const Question& question)
{
    entry.pending =
        client_.standing().ask(question, [this, &entry](Verdict verdict) {
            entry.verdict = std::move(verdict);
            const auto answered =
                std::move(entry.pending); // ends with this call
            if (&entry == &entries_.front()) {
                client_.effort().go_on_soon();
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
        if (entry.pending == nullptr && !entry.verdict && !entry.unanswered) {
            if (const auto question = entry.command->early_question()) {
                ask(entry, *question);
            }
        }
    }
    client_.effort().set_full(entries_.size() >=
                              client_.settings().hooks.max_pending);
}

// Whether the first one waits for nothing.
bool CommandQueue::may_run_front() const
{
    if (entries_.empty()) {
        return false;
    }
    const Entry& front = entries_.front();
    return front.pending == nullptr && !front.unanswered &&
           (front.place == nullptr || front.place->has_come());
}

// False: it waits for its turn, or this turn's checks are used up.
bool CommandQueue::may_check(Entry& entry)
{
    if (entry.verdict || !entry.command->has_check()) {
        return true;
    }
    CheckTurns* turns = client_.standing().check_turns();
    if (turns == nullptr || turns->may_check(entry.place.get())) {
        entry.place.reset();
        return true;
    }
    if (entry.place == nullptr) {
        entry.place = turns->wait([this] { client_.effort().go_on_soon(); });
        if (entry.command->changes_rights()) {
            client_.standing().note_token();
        }
    }
    return false;
}

void CommandQueue::run()
{
    while (may_run_front() && client_.effort().has_some() &&
           !client_.session().stopped() && may_check(entries_.front())) {
        run_front();
    }
    if (client_.session().stopped()) {
        return;
    }
    ask_ahead();
    if (may_run_front() && !client_.effort().is_paused()) {
        client_.effort().go_on_soon();
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
    } else if (ran == QueuedCommand::Ran::unanswered) {
        entry.unanswered = true;
    } else {
        ask(entry, entry.command->question());
    }
}

} // namespace ws_pubsub
