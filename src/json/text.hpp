// JSON as text: writing it, and finding a member without rewriting it.
//
// A published JSON value is handed on byte for byte as it came. So it is cut
// out of the text around it rather than parsed and printed again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/message.hpp"
#include "base/result.hpp"

namespace ws_pubsub {

// Appends a JSON string, quoted. REQUIRES: `text` is UTF-8.
void append_json_string(std::string& out, std::string_view text);
void append_number(std::string& out, uint64_t number);

// Appends `"data":…`, `"text":…` or `"b64":…`.
void append_payload(std::string& out, const Message& message);
// Appends `"epoch":…,"seq":…`.
void append_position(std::string& out, const Position& at);
// Appends a kept item: {"topic","epoch","seq","time","data"|"text"|"b64"}.
void append_item(std::string& out, std::string_view topic,
                 const Message& message);
// Appends `,"was":…`, an epoch; nothing if it is 0.
void append_was(std::string& out, uint64_t was);
// Appends {"topic","epoch","seq","was"}.
void append_topic_row(std::string& out, std::string_view topic,
                      const Position& at, uint64_t was);
// Appends `"error":{"code":…,"message":…}`.
void append_error(std::string& out, const Error& error);

// The text of the member `name` of an object; the last one if there are more,
// empty if there is none. REQUIRES: `object` is a valid JSON object.
std::string_view find_member(std::string_view object, std::string_view name);

} // namespace ws_pubsub
