// A committer that a test holds in its hand: changes wait until it says what
// becomes of them, in whatever order.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "topics/committer.hpp"
#include "topics/topics.hpp"

namespace ws_pubsub {

class FakeCommitter final : public Committer {
public:
    // They outlive it.
    explicit FakeCommitter(Topics& topics) : topics_(topics) {}

    Outcome commit(const Change& change) override
    {
        waiting_.push_back(std::make_unique<Held>(change));
        return std::unique_ptr<PendingChange>(
            std::make_unique<Pending>(*this, waiting_.back().get()));
    }

    [[nodiscard]] bool serves() const override { return true; }
    std::unique_ptr<PendingChange> catch_up() override { return nullptr; }

    [[nodiscard]] size_t waiting() const { return waiting_.size(); }
    // Whether somebody still wants the answer to the i-th that waits.
    [[nodiscard]] bool is_wanted(size_t i) const
    {
        return waiting_[i]->by != nullptr;
    }
    // The i-th that waits happens.
    void apply(size_t i = 0)
    {
        const auto held = take(i);
        answer(*held, topics_.apply(held->change));
    }
    void refuse(size_t i, const Error& why) { answer(*take(i), why); }

private:
    class Pending;
    // A change with texts of its own.
    struct Held {
        explicit Held(const Change& c)
            : topic(c.topic), content_type(c.content_type), payload(c.payload),
              key(c.idempotency_key), body(c.keyed_body), change(c)
        {
            if (c.author != nullptr) {
                session = c.author->session;
                author = {session, {}, {}};
                change.author = &author;
            }
            change.topic = topic;
            change.content_type = content_type;
            change.payload = payload;
            change.idempotency_key = key;
            change.keyed_body = body;
        }

        std::string topic;
        std::string content_type;
        std::string payload;
        std::string key;
        std::string session;
        ChangeAuthor author; // of that session
        std::string body;
        Change change;
        Pending* by = nullptr; // null: nobody waits
    };
    class Pending final : public PendingChange {
    public:
        Pending(FakeCommitter& committer, Held* held)
            : committer_(committer), held_(held)
        {
            held->by = this;
        }
        Pending(const Pending&) = delete;
        Pending& operator=(const Pending&) = delete;
        ~Pending() override
        {
            for (const auto& held : committer_.waiting_) {
                if (held.get() == held_) {
                    held->by = nullptr;
                }
            }
        }
        using PendingChange::tell;

    private:
        FakeCommitter& committer_;
        Held* held_;
    };

    std::unique_ptr<Held> take(size_t i)
    {
        auto held = std::move(waiting_[i]);
        waiting_.erase(waiting_.begin() + static_cast<ptrdiff_t>(i));
        return held;
    }
    static void answer(const Held& held, const Result<ChangeAnswer>& answer)
    {
        if (held.by != nullptr) {
            held.by->tell(answer);
        }
    }

    Topics& topics_;
    std::vector<std::unique_ptr<Held>> waiting_;
};

} // namespace ws_pubsub
