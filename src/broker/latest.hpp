// The latest message of a topic, for those who may want it later than others,
// or as a delta.
//
// Each frame of it is made once, however many sessions want it: the message as
// it is; its text, for who takes deltas and has no base; the delta from the
// message before; and one from each older text that somebody holds
// (base_text.hpp).
//
// Invariant: texts are kept from want_texts() on, and are empty for binary
// messages.
//
// Touches no session and no zone. Thread safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "broker/base_text.hpp"
#include "broker/delta_base.hpp"
#include "broker/delta_maker.hpp"
#include "broker/encoder.hpp"
#include "broker/frame_cache.hpp"
#include "topics/batch.hpp"

namespace ws_pubsub {

class Latest {
public:
    // `deltas` outlives it, and all who hold a base of it.
    explicit Latest(DeltaMaker& deltas) : deltas_(deltas) {}

    // Whether no message has come since it was made.
    [[nodiscard]] bool empty() const { return message_.empty(); }
    // REQUIRES: !empty(). Valid until the next set().
    [[nodiscard]] Message message() const { return message_[0].message; }
    [[nodiscard]] size_t bytes() const { return message_.bytes(); }

    // From now on somebody takes texts and deltas.
    void want_texts();
    [[nodiscard]] bool wants_texts() const { return wants_texts_; }
    // The texts of batch[first] to batch[last - 1], which come after the latest
    // message; `with_deltas`: and the deltas between them, that from the latest
    // included. Nothing if nobody takes texts.
    [[nodiscard]] std::vector<TextMessage>
    make_texts(const Batch& batch, size_t first, size_t last, bool with_deltas);
    // batch[index] is the latest from now on; `texts` ends with its text, or is
    // empty.
    void set(const Batch& batch, size_t index,
             std::span<const TextMessage> texts);

    // The message as a frame. `base`: what a subscriber that takes deltas has;
    // nullptr: it takes none. REQUIRES: !empty(), as those below.
    [[nodiscard]] FrameRef frame(Encoder& encoder, Encoding encoding,
                                 std::string_view topic, const DeltaBase* base);
    // Says that the messages from seq `from` on, but this one, don't come.
    // Empty where the encoding has no words for it.
    [[nodiscard]] FrameRef gap(Encoder& encoder, Encoding encoding,
                               std::string_view topic, uint64_t from);
    // Whoever has the base was sent this message. `may_skip`: the next one that
    // it gets may be a later one, so that its text is to be kept for it.
    void become_base(DeltaBase& base, bool may_skip);

private:
    [[nodiscard]] FrameRef delta_frame(Encoder& encoder, Encoding encoding,
                                       std::string_view topic, BaseText& base);

    DeltaMaker& deltas_;
    Batch message_;    // one, or none has come yet
    TextMessage text_; // of it, with wants_texts_
    bool wants_texts_ = false;
    FrameCache data_;
    FrameCache whole_; // as text
    FrameCache delta_; // as text, for who has the one before
    BaseTexts bases_;  // of deltas for who has another one
    FrameCache gap_;   // what is missing before it,
    uint64_t gap_from_ = 0;
};

} // namespace ws_pubsub
