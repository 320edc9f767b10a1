// The newest message of a topic, kept for those who don't take all messages,
// and the deltas between messages for those who ask for them. Both are made
// once, however many sessions want them.
#include "base/compact_json.hpp"
#include "broker/broker.hpp"

namespace ws_pubsub {

namespace {

// What the protocol says around a delta beyond what it says around a text.
constexpr size_t kDeltaWords = 24;

std::string text_of(const Message& message)
{
    std::string text;
    if (message.kind == PayloadKind::json) {
        append_compact_json(text, message.payload);
    } else if (message.kind == PayloadKind::text) {
        text = message.payload;
    }
    return text;
}

} // namespace

// Begins to keep the newest message of the topic, and its text, where somebody
// may want them. REQUIRES: before each message that comes.
void Broker::prepare_newest(LocalTopic& topic)
{
    bool newest = topic.policy.conflate != Conflate::off;
    bool text = false;
    for (const Group* group : topic.groups) {
        newest |= group->wants_newest;
        text |= group->wants_text;
    }
    if (topic.newest == nullptr && (newest || text)) {
        topic.newest = std::make_unique<Newest>();
    }
    if (text && !topic.newest->wants_text) {
        topic.newest->wants_text = true;
        if (!topic.newest->message.empty()) {
            topic.newest->text = {text_of(topic.newest->message[0].message),
                                  {}};
        }
    }
}

// batch[last] is the newest; `texts` ends with its text, or is empty.
void Broker::set_newest(LocalTopic& topic, const Batch& batch, size_t last,
                        std::span<const TextMessage> texts)
{
    Newest& newest = *topic.newest;
    newest.message.assign(batch, last);
    newest.text = texts.empty() ? TextMessage{} : texts.back();
    newest.data.clear();
    newest.whole.clear();
    newest.delta.clear();
    newest.gap.clear();
    newest.gap_from = 0;
}

// The texts of batch[first] to batch[last - 1], and where the policy says so
// the deltas between them; nothing if nobody takes texts.
std::vector<TextMessage> Broker::make_texts(const LocalTopic& topic,
                                            const Batch& batch, size_t first,
                                            size_t last)
{
    std::vector<TextMessage> texts;
    if (topic.newest == nullptr || !topic.newest->wants_text) {
        return texts;
    }
    Message before;
    std::string_view base;
    if (!topic.newest->message.empty()) {
        before = topic.newest->message[0].message;
        base = topic.newest->text.text;
    }
    texts.reserve(last - first);
    for (size_t i = first; i < last; i++) {
        const Message message = batch[i].message;
        TextMessage& made = texts.emplace_back();
        made.text = text_of(message);
        const bool follows = message.at.epoch == before.at.epoch &&
                             message.at.seq == before.at.seq + 1 &&
                             message.kind == before.kind;
        if (topic.policy.delta && follows && !base.empty()) {
            delta_writer_.append(made.delta, base, made.text);
            if (made.delta.size() + kDeltaWords >= made.text.size()) {
                made.delta.clear();
            }
        }
        before = message;
        base = made.text;
    }
    return texts;
}

// The newest message for a session with that track, or without.
FrameRef Broker::newest_frame(LocalTopic& topic, Encoding encoding,
                              const Track* track)
{
    Newest& newest = *topic.newest;
    if (track == nullptr || !track->delta) {
        return newest.data.get(encoding, [&](Encoding wanted) {
            return encoder_.messages(wanted, topic.path, newest.message, 0, 1);
        });
    }
    const bool based = track->base != 0 && track->base + 1 == topic.last.seq;
    FrameCache& frames = based ? newest.delta : newest.whole;
    return frames.get(encoding, [&](Encoding wanted) {
        return encoder_.texts(wanted, topic.path, newest.message, 0,
                              {&newest.text, 1}, based);
    });
}

// What says that the messages from `from` on, but the newest, don't come.
FrameRef Broker::newest_gap(LocalTopic& topic, Encoding encoding, uint64_t from)
{
    Newest& newest = *topic.newest;
    if (newest.gap_from != from) {
        newest.gap_from = from;
        newest.gap.clear();
    }
    return newest.gap.get(encoding, [&](Encoding wanted) {
        return encoder_.gap(wanted, topic.path,
                            {from, topic.last.seq - 1, "conflated"});
    });
}

} // namespace ws_pubsub
