// Hooks that answer when and what a test says.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/hooks.hpp"

namespace ws_pubsub {

// What was asked. It outlives the hooks of its clients.
class FakeApplication {
public:
    // "sub room/7", or "pub room/7 hello", of all that were asked.
    [[nodiscard]] const std::vector<std::string>& log() const { return log_; }
    [[nodiscard]] size_t pending() const { return waiting_.size(); }
    [[nodiscard]] bool is_pending(const std::string& what) const
    {
        return waiting_.find(what) != waiting_.end();
    }

    // The first that waits with that text is answered.
    void answer(const std::string& what, Verdict verdict)
    {
        const auto found = waiting_.find(what);
        const Hooks::Done done = std::move(found->second.done);
        waiting_.erase(found);
        done(std::move(verdict));
    }
    void allow(const std::string& what) { answer(what, {}); }
    void refuse(const std::string& what, const Error& why)
    {
        Verdict verdict;
        verdict.refusal = why;
        answer(what, std::move(verdict));
    }

    bool is_down = false; // nothing can be asked

private:
    friend class FakeHooks;
    friend class FakePending;
    struct Waiting {
        uint64_t number;
        Hooks::Done done;
    };

    std::vector<std::string> log_;
    std::multimap<std::string, Waiting> waiting_;
    uint64_t last_ = 0;
};

class FakePending final : public PendingHook {
public:
    FakePending(FakeApplication& application, uint64_t number)
        : application_(application), number_(number)
    {}
    FakePending(const FakePending&) = delete;
    FakePending& operator=(const FakePending&) = delete;
    ~FakePending() override
    {
        auto& waiting = application_.waiting_;
        const auto found =
            std::find_if(waiting.begin(), waiting.end(), [&](const auto& one) {
                return one.second.number == number_;
            });
        if (found != waiting.end()) {
            waiting.erase(found);
        }
    }

private:
    FakeApplication& application_;
    uint64_t number_;
};

class FakeHooks final : public Hooks {
public:
    explicit FakeHooks(FakeApplication& application) : application_(application)
    {}

    std::unique_ptr<PendingHook> ask(const Question& question,
                                     Done done) override
    {
        std::string what(question.op);
        what += ' ';
        what += question.topic;
        if (question.about == Question::About::publish) {
            what += ' ';
            what += question.payload;
        }
        application_.log_.push_back(what);
        if (application_.is_down) {
            return nullptr;
        }
        const uint64_t number = ++application_.last_;
        application_.waiting_.emplace(
            std::move(what), FakeApplication::Waiting{number, std::move(done)});
        return std::make_unique<FakePending>(application_, number);
    }

private:
    FakeApplication& application_;
};

} // namespace ws_pubsub
