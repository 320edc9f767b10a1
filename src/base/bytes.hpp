// Numbers and texts as bytes, little-endian, one behind the other.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ws_pubsub {

// There and back.
template <std::integral T>
constexpr T as_little_endian(T value)
{
    if constexpr (std::endian::native == std::endian::little ||
                  sizeof(T) == 1) {
        return value;
    } else {
        T swapped = 0;
        for (size_t i = 0; i < sizeof(T); i++) {
            swapped = static_cast<T>((swapped << 8) | ((value >> 8 * i) & 255));
        }
        return swapped;
    }
}

// Appends to a text.
class ByteWriter {
public:
    explicit ByteWriter(std::string& out) : out_(out) {}

    template <std::integral T>
    void number(T value)
    {
        const size_t at = out_.size();
        out_.resize(at + sizeof(T));
        put(at, value);
    }
    void bytes(std::string_view text) { out_.append(text); }
    // With its length before it. REQUIRES: a Length can say it.
    template <std::integral Length>
    void text(std::string_view text)
    {
        number(static_cast<Length>(text.size()));
        bytes(text);
    }

    // For a number that is known only later: its place, and then the number.
    [[nodiscard]] size_t place() const { return out_.size(); }
    template <std::integral T>
    void put(size_t place, T value)
    {
        const T little = as_little_endian(value);
        std::memcpy(out_.data() + place, &little, sizeof(T));
    }

private:
    std::string& out_;
};

// Takes from the front of bytes that anybody may have written. Once there are
// too few it has failed, and gives nothing but zeroes and empty texts.
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

    template <std::integral T>
    T number()
    {
        T little = 0;
        const std::string_view taken = bytes(sizeof(T));
        taken.copy(reinterpret_cast<char*>(&little), sizeof(T));
        return as_little_endian(little);
    }
    // They live as long as what is read.
    std::string_view bytes(size_t count)
    {
        if (count > bytes_.size()) {
            failed_ = true;
            bytes_ = {};
            return {};
        }
        const std::string_view taken = bytes_.substr(0, count);
        bytes_.remove_prefix(count);
        return taken;
    }
    template <std::integral Length>
    std::string_view text()
    {
        return bytes(static_cast<size_t>(number<Length>()));
    }

    [[nodiscard]] bool at_end() const { return bytes_.empty(); }
    [[nodiscard]] size_t left() const { return bytes_.size(); }
    [[nodiscard]] bool failed() const { return failed_; }

private:
    std::string_view bytes_;
    bool failed_ = false;
};

} // namespace ws_pubsub
