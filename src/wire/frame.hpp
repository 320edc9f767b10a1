// Bytes for the wire, encoded once and shared by all sessions that get them.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace ws_pubsub {

// One or more whole frames of a connection's framing, back to back.
//
// Thread safety: none; a frame never leaves its worker.
class Frame {
public:
    [[nodiscard]] const char* data() const
    {
        return reinterpret_cast<const char*>(this + 1);
    }
    [[nodiscard]] uint32_t size() const { return size_; }
    // Messages of topics in it (not notices or replies).
    [[nodiscard]] uint32_t messages() const { return messages_; }

private:
    friend class FrameRef;
    Frame(uint32_t size, uint32_t messages) : size_(size), messages_(messages)
    {}

    uint32_t refs_ = 1;
    uint32_t size_;
    uint32_t messages_;
};

// Owns one reference to a Frame, or none.
class FrameRef {
public:
    FrameRef() = default;
    // Copies `bytes`.
    static FrameRef make(std::string_view bytes, uint32_t messages)
    {
        void* block = std::malloc(sizeof(Frame) + bytes.size());
        if (block == nullptr) {
            throw std::bad_alloc();
        }
        auto* frame =
            new (block) Frame(static_cast<uint32_t>(bytes.size()), messages);
        std::memcpy(frame + 1, bytes.data(), bytes.size());
        return FrameRef(frame);
    }

    FrameRef(const FrameRef& other) : frame_(other.frame_)
    {
        if (frame_ != nullptr) {
            frame_->refs_++;
        }
    }
    FrameRef(FrameRef&& other) noexcept
        : frame_(std::exchange(other.frame_, nullptr))
    {}
    FrameRef& operator=(const FrameRef& other)
    {
        FrameRef copy(other);
        std::swap(frame_, copy.frame_);
        return *this;
    }
    FrameRef& operator=(FrameRef&& other) noexcept
    {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~FrameRef()
    {
        if (frame_ != nullptr && --frame_->refs_ == 0) {
            std::free(frame_);
        }
    }

    explicit operator bool() const { return frame_ != nullptr; }
    const Frame* operator->() const { return frame_; }
    const Frame& operator*() const { return *frame_; }

private:
    explicit FrameRef(Frame* frame) : frame_(frame) {}

    Frame* frame_ = nullptr;
};

} // namespace ws_pubsub
