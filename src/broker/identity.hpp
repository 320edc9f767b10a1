// Who a session is for presence.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace ws_pubsub {

class Identity {
public:
    // Empty: nobody.
    explicit Identity(std::string text) : text_(std::move(text)) {}

    [[nodiscard]] const std::string& text() const { return text_; }
    // Another text has another number than that before.
    [[nodiscard]] uint8_t number() const { return number_; }
    // It is another from now on. Returns that before.
    std::string replace(std::string text)
    {
        number_++;
        return std::exchange(text_, std::move(text));
    }

    // The session ends with its worker, and its client was told to come back:
    // until then it stays present.
    void expect_back() { expected_back_ = true; }
    [[nodiscard]] bool is_expected_back() const { return expected_back_; }

private:
    std::string text_;
    uint8_t number_ = 0;
    bool expected_back_ = false;
};

} // namespace ws_pubsub
