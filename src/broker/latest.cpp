#include "broker/latest.hpp"

#include <string>
#include <utility>

#include "json/compact.hpp"

namespace ws_pubsub {

namespace {

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

void Latest::want_texts()
{
    if (wants_texts_) {
        return;
    }
    wants_texts_ = true;
    if (!empty()) {
        text_.text = text_of(message());
    }
}

std::vector<TextMessage> Latest::make_texts(const Batch& batch, size_t first,
                                            size_t last, bool with_deltas)
{
    std::vector<TextMessage> texts;
    if (!wants_texts_) {
        return texts;
    }
    Message before;
    std::string_view base;
    if (!empty()) {
        before = message();
        base = text_.text;
    }
    texts.reserve(last - first);
    for (size_t i = first; i < last; i++) {
        const Message next = batch[i].message;
        TextMessage& made = texts.emplace_back();
        made.text = text_of(next);
        const bool follows = next.at.epoch == before.at.epoch &&
                             next.at.seq == before.at.seq + 1 &&
                             next.kind == before.kind;
        if (with_deltas && follows && !base.empty()) {
            made.base = before.at.seq;
            deltas_.make(made, made.text, base);
        }
        before = next;
        base = made.text;
    }
    return texts;
}

void Latest::set(const Batch& batch, size_t index,
                 std::span<const TextMessage> texts)
{
    bases_.replace_latest(std::move(text_.text), deltas_.kept_bytes());
    message_.assign(batch, index);
    text_ = texts.empty() ? TextMessage{} : texts.back();
    data_.clear();
    whole_.clear();
    delta_.clear();
    gap_.clear();
    gap_from_ = 0;
}

FrameRef Latest::frame(Encoder& encoder, Encoding encoding,
                       std::string_view topic, const DeltaBase* base)
{
    if (base == nullptr) {
        return data_.get(encoding, [&](Encoding wanted) {
            return encoder.messages(wanted, topic, message_, 0, 1);
        });
    }
    const bool based = base->seq != 0 && base->seq + 1 == message().at.seq;
    if (!based && base->text != nullptr) {
        FrameRef frame = delta_frame(encoder, encoding, topic, *base->text);
        if (frame) {
            return frame;
        }
    }
    FrameCache& frames = based ? delta_ : whole_;
    return frames.get(encoding, [&](Encoding wanted) {
        return encoder.texts(wanted, topic, message_, 0, {&text_, 1}, based);
    });
}

// The message for who has that text of the topic; empty if the text is not
// kept, or of no use.
FrameRef Latest::delta_frame(Encoder& encoder, Encoding encoding,
                             std::string_view topic, BaseText& base)
{
    const Message newest = message();
    if (base.text.empty() || base.kind != newest.kind) {
        return {};
    }
    if (base.made_for != newest.at.seq) {
        base.made_for = newest.at.seq;
        base.made = {{}, {}, base.seq};
        deltas_.make(base.made, text_.text, base.text);
        base.frames.clear();
    }
    if (base.made.delta.empty()) {
        return {};
    }
    return base.frames.get(encoding, [&](Encoding wanted) {
        return encoder.texts(wanted, topic, message_, 0, {&base.made, 1}, true);
    });
}

FrameRef Latest::gap(Encoder& encoder, Encoding encoding,
                     std::string_view topic, uint64_t from)
{
    if (gap_from_ != from) {
        gap_from_ = from;
        gap_.clear();
    }
    return gap_.get(encoding, [&](Encoding wanted) {
        return encoder.gap(wanted, topic,
                           {from, message().at.seq - 1, "conflated"});
    });
}

void Latest::become_base(DeltaBase& base, bool may_skip)
{
    base.forget();
    base.seq = message().at.seq;
    if (may_skip && !text_.text.empty()) {
        base.text = bases_.hold(base.seq, message().kind);
    }
}

} // namespace ws_pubsub
