#include "ngx/ngx.hpp"

#include "redis/questions.hpp"

#include <memory>
#include <utility>

#include "redis/redis_log.hpp"

namespace ws_pubsub::redis {

namespace {

struct Asked {
    TakeReply take;
    Log::Done done;
    size_t left; // questions
    bool has_ended = false;
    std::string refusal{};

    void end_with(const LogOutcome& outcome)
    {
        has_ended = true;
        done(outcome);
    }

    void take_reply(size_t question, const Ending& ending)
    {
        if (has_ended) {
            return;
        }
        if (!ending.reply) {
            return end_with(outcome_of(ending));
        }
        const std::string why = take(question, *ending.reply);
        if (refusal.empty()) {
            refusal = why;
        }
        if (--left == 0) {
            end_with(refusal.empty()
                         ? LogOutcome{}
                         : LogOutcome{LogOutcome::Kind::refused, refusal});
        }
    }
};

} // namespace

bool ask_all(MasterLink& link, const std::vector<Words>& questions,
             TakeReply take, Log::Done done)
{
    if (!link.is_open()) {
        return false;
    }
    const auto asked = std::make_shared<Asked>(
        Asked{std::move(take), std::move(done), questions.size()});
    for (size_t i = 0; i < questions.size(); i++) {
        const std::vector<std::string_view> words(questions[i].begin(),
                                                  questions[i].end());
        link.send(Command(words), [asked, i](const Ending& ending) {
            asked->take_reply(i, ending);
        });
    }
    return true;
}

std::string error_of(const Reply& reply)
{
    return std::string(reply.error());
}

} // namespace ws_pubsub::redis
