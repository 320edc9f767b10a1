#include "json/compact.hpp"

namespace ws_pubsub {

void append_compact_json(std::string& out, std::string_view json)
{
    bool in_string = false;
    size_t kept = 0; // what comes from here on is not appended yet
    for (size_t i = 0; i < json.size(); i++) {
        const char c = json[i];
        if (in_string) {
            i += c == '\\' ? 1 : 0;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            out.append(json, kept, i - kept);
            kept = i + 1;
        }
    }
    out.append(json, kept);
}

} // namespace ws_pubsub
