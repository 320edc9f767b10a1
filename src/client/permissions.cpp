#include "client/permissions.hpp"

#include "json/text.hpp"

namespace ws_pubsub {

std::string text_of(const Denial& denial)
{
    std::string text = "not allowed to ";
    text += denial.what;
    text += ' ';
    append_json_string(text, denial.wanted);
    text += " (allowed:";
    if (denial.allowed == nullptr || denial.allowed->empty()) {
        text += " nothing";
    } else {
        for (const Selector& selector : *denial.allowed) {
            text += ' ';
            append_json_string(text, selector.text());
        }
    }
    if (!denial.identity.empty()) {
        text += "; identity: ";
        append_json_string(text, denial.identity);
    }
    text += ')';
    return text;
}

} // namespace ws_pubsub
