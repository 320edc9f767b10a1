// Which policy a topic has: the first whose selector matches, else the default.
#pragma once

#include <string_view>
#include <vector>

#include "base/message.hpp"
#include "base/topic.hpp"

namespace ws_pubsub {

class Policies {
public:
    void add(Selector selector, Policy policy)
    {
        rules_.push_back({std::move(selector), policy});
    }

    [[nodiscard]] Policy of(std::string_view topic,
                            const Policy& otherwise = {}) const
    {
        for (const Rule& rule : rules_) {
            if (rule.selector.matches(topic)) {
                return rule.policy;
            }
        }
        return otherwise;
    }

private:
    struct Rule {
        Selector selector;
        Policy policy;
    };
    std::vector<Rule> rules_;
};

} // namespace ws_pubsub
