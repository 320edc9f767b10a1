// What the answer of a hook means.
#pragma once

#include <string>

#include "client/hooks.hpp"

namespace ws_pubsub {

// As HTTP has it.
struct HookAnswer {
    bool complete = false; // all of it has come: only then the rest counts
    unsigned status = 0;
    std::string content_type; // empty: none is said
    bool encoded = false;     // there is a Content-Encoding
    std::string body;
};

struct HookReading {
    Verdict verdict;
    std::string fault; // for the log: why nothing was decided; empty: it was
};

// `is_patch`: what was asked about is a patch, which nothing replaces.
[[nodiscard]] HookReading
read_hook_answer(HookAnswer answer, Question::About about, bool is_patch);

} // namespace ws_pubsub
