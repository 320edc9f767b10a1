// Calls of a port that are under way, and what becomes of their answers when
// whoever has called does not wait for them any more: nothing.
//
// Thread safety: none.
#pragma once

#include <memory>
#include <utility>

namespace ws_pubsub {

class PendingCalls {
public:
    // What is to be called back, unless forget() or the end of this object
    // comes first.
    template <class Answer>
    auto expect(Answer answer)
    {
        return [alive = std::weak_ptr<char>(alive_),
                answer = std::move(answer)](const auto&... what) {
            if (!alive.expired()) {
                answer(what...);
            }
        };
    }
    void forget() { alive_ = std::make_shared<char>(); }

private:
    std::shared_ptr<char> alive_ = std::make_shared<char>();
};

} // namespace ws_pubsub
