// The newest message of a topic, kept for those who don't take all messages,
// and the deltas between messages for those who ask for them: from each message
// to the next, and to the newest from those that it takes the place of for
// somebody. All are made once, however many sessions want them.
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

// Appends the delta that makes `message` of `base`; nothing if it would not be
// smaller than its text.
void append_if_smaller(DeltaWriter& writer, TextMessage& message,
                       std::string_view text, std::string_view base)
{
    writer.append(message.delta, base, text);
    if (message.delta.size() + kDeltaWords >= text.size()) {
        message.delta.clear();
    }
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
            topic.newest->text.text = text_of(topic.newest->message[0].message);
        }
    }
}

// batch[last] is the newest; `texts` ends with its text, or is empty.
void Broker::set_newest(LocalTopic& topic, const Batch& batch, size_t last,
                        std::span<const TextMessage> texts)
{
    Newest& newest = *topic.newest;
    newest.bases.replace_newest(std::move(newest.text.text), base_text_bytes_);
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
            made.base = before.at.seq;
            append_if_smaller(delta_writer_, made, made.text, base);
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
    if (!based && track->base_text != nullptr) {
        FrameRef frame = newest_delta(topic, encoding, *track->base_text);
        if (frame) {
            return frame;
        }
    }
    FrameCache& frames = based ? newest.delta : newest.whole;
    return frames.get(encoding, [&](Encoding wanted) {
        return encoder_.texts(wanted, topic.path, newest.message, 0,
                              {&newest.text, 1}, based);
    });
}

// The newest message for who has that text of the topic; empty if the text is
// not kept, or of no use.
FrameRef Broker::newest_delta(LocalTopic& topic, Encoding encoding,
                              BaseText& base)
{
    const Newest& newest = *topic.newest;
    const Message message = newest.message[0].message;
    if (base.text.empty() || base.kind != message.kind) {
        return {};
    }
    if (base.made_for != message.at.seq) {
        base.made_for = message.at.seq;
        base.made = {{}, {}, base.seq};
        append_if_smaller(delta_writer_, base.made, newest.text.text,
                          base.text);
        base.frames.clear();
    }
    if (base.made.delta.empty()) {
        return {};
    }
    return base.frames.get(encoding, [&](Encoding wanted) {
        return encoder_.texts(wanted, topic.path, newest.message, 0,
                              {&base.made, 1}, true);
    });
}

// The session of the track has got all messages up to the newest, or that
// after a gap.
void Broker::got_newest(const LocalTopic& topic, Track& track)
{
    track.forget_base();
    if (!track.delta) {
        return;
    }
    track.base = topic.last.seq;
    const bool may_miss =
        track.interval_ms > 0 || topic.policy.conflate != Conflate::off;
    if (may_miss && topic.policy.delta && !topic.newest->text.text.empty()) {
        track.base_text = topic.newest->bases.hold(
            topic.last.seq, topic.newest->message[0].message.kind);
    }
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
