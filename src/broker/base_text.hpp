// Texts that are the bases of deltas for those who don't get every message.
//
//   text 3 ──────────────delta──────────────▶┐
//             text 7 ─────────delta─────────▶├ latest
//                                  text 9 ──▶┘
//
// Who takes the latest message only now and then holds the text that he got
// last. While it is the latest that is just a mark; when another one takes its
// place, the text is kept here if somebody holds it, for the delta from it to
// whatever is the latest when its holders' time comes. That delta is made
// once, and shared by all holders of the base: those of one rate that began
// together, and those whom the same stall held up.
//
// So the messages of a topic cost no more than kMaxBaseTexts further deltas
// each, and the texts of a worker kMaxBaseTextBytes; whose base found no room
// gets the next message whole.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "base/message.hpp"
#include "broker/encoder.hpp"
#include "broker/frame_cache.hpp"

namespace ws_pubsub {

// Invariant: `text` is empty until it is kept, and does not change then.
struct BaseText {
    BaseText(uint64_t s, PayloadKind k) : seq(s), kind(k) {}
    BaseText(const BaseText&) = delete;
    BaseText& operator=(const BaseText&) = delete;
    ~BaseText()
    {
        if (kept_bytes != nullptr) {
            *kept_bytes -= text.size();
        }
    }

    uint64_t seq;
    PayloadKind kind;
    std::string text;
    size_t* kept_bytes = nullptr; // of all texts that are kept; null: none is

    // From it to the message `made_for`; without a delta if that is no use.
    uint64_t made_for = 0;
    TextMessage made;
    FrameCache frames;
};

// The bases of one topic. Thread safety: none.
class BaseTexts {
public:
    // Holds the latest message's text.
    std::shared_ptr<BaseText> hold(uint64_t seq, PayloadKind kind)
    {
        if (latest_ == nullptr) {
            latest_ = std::make_shared<BaseText>(seq, kind);
        }
        return latest_;
    }
    // Another message takes the place of the one with that text, which is kept
    // if it is held and there is room. `kept_bytes`: of the worker; outlives
    // all holders.
    void replace_latest(std::string&& text, size_t& kept_bytes)
    {
        const std::shared_ptr<BaseText> base = std::move(latest_);
        if (base == nullptr || base.use_count() == 1) {
            return;
        }
        std::erase_if(kept_, [](const auto& one) { return one.expired(); });
        if (kept_.size() < kMaxBaseTexts &&
            kept_bytes + text.size() <= kMaxBaseTextBytes) {
            base->text = std::move(text);
            base->kept_bytes = &kept_bytes;
            kept_bytes += base->text.size();
            kept_.push_back(base);
        }
    }

private:
    std::shared_ptr<BaseText> latest_; // null: nobody holds it
    std::vector<std::weak_ptr<BaseText>> kept_;
};

} // namespace ws_pubsub
