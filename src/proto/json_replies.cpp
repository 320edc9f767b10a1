#include "proto/json_replies.hpp"

#include "json/writer.hpp"

namespace ws_pubsub {

namespace {

// What an idle session keeps of the memory that its answers took.
constexpr size_t kKeptAnswerBytes = 1024;

} // namespace

FrameRef JsonReplies::frame()
{
    return framing_.make(Framing::Kind::text, json_,
                         session_.encoding().deflated);
}

void JsonReplies::begin_ok(const Command& command)
{
    json_.clear();
    JsonWriter(json_).begin_object().name("id").raw(command.id).name("ok");
}

void JsonReplies::end_ok(const Command& command)
{
    json_ += '}';
    if (!command.id.empty()) {
        send();
    }
}

void JsonReplies::done(const Command& command)
{
    begin_ok(command);
    json_ += "{}";
    end_ok(command);
}

void JsonReplies::pong(const Command& command)
{
    json_.clear();
    JsonWriter out(json_);
    out.begin_object();
    if (!command.id.empty()) {
        out.name("id").raw(command.id);
    }
    out.name("op").string("pong").end_object();
    send();
}

void JsonReplies::authenticated(const Command& command,
                                const Authenticated& who)
{
    begin_ok(command);
    JsonWriter out(json_);
    out.begin_object();
    if (!who.user.empty()) {
        out.name("user").string(who.user);
    }
    if (who.expires_ms) {
        out.name("expires").number(static_cast<uint64_t>(*who.expires_ms));
    }
    out.end_object();
    end_ok(command);
}

void JsonReplies::refuse(const Command& command, const Error& error)
{
    json_.clear();
    JsonWriter out(json_);
    out.begin_object();
    if (!command.id.empty()) {
        out.name("id").raw(command.id);
    }
    out.members(append_error, error).end_object();
    send();
}

FrameRef JsonReplies::bye(uint16_t code, std::string_view reason,
                          int64_t after_ms)
{
    json_.clear();
    JsonWriter(json_)
        .begin_object()
        .name("op")
        .string("bye")
        .name("code")
        .number(code)
        .name("reason")
        .string(reason)
        .name("after")
        .number(static_cast<uint64_t>(after_ms))
        .end_object();
    return frame();
}

void JsonReplies::keep_little()
{
    if (json_.capacity() > kKeptAnswerBytes) {
        json_ = {};
        json_.shrink_to_fit();
    }
}

} // namespace ws_pubsub
