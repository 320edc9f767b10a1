#include "json/grammar.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace ws_pubsub {

namespace {

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Each function that takes something returns whether it was there, and goes
// behind it.
class Grammar {
public:
    explicit Grammar(std::string_view text) : text_(text) {}

    // Without a call of itself for what is nested: that costs no stack.
    std::optional<size_t> end()
    {
        blanks();
        for (;;) {
            if (opens()) {
                if (now() != open_.back()) {
                    if (!name()) {
                        return std::nullopt;
                    }
                    continue;
                }
            } else if (!scalar()) {
                return std::nullopt;
            }
            while (closes()) {
            }
            if (open_.empty()) {
                return at_;
            }
            if (!take(',') || !name()) {
                return std::nullopt;
            }
        }
    }

private:
    [[nodiscard]] char now() const
    {
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool take(char c)
    {
        const bool is = at_ < text_.size() && text_[at_] == c;
        at_ += is ? 1 : 0;
        return is;
    }
    bool take(std::string_view word)
    {
        const bool is = text_.substr(at_).starts_with(word);
        at_ += is ? word.size() : 0;
        return is;
    }
    void blanks()
    {
        at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    }

    bool opens()
    {
        const char first = now();
        if (first != '{' && first != '[') {
            return false;
        }
        at_++;
        open_ += first == '{' ? '}' : ']';
        blanks();
        return true;
    }

    // Behind a value: what is around it ends, too.
    bool closes()
    {
        if (open_.empty()) {
            return false;
        }
        blanks();
        const bool ends = take(open_.back());
        if (ends) {
            open_.pop_back();
        }
        return ends;
    }

    // What stands before a value in an object; in an array nothing does.
    bool name()
    {
        blanks();
        if (open_.back() == '}') {
            if (!string()) {
                return false;
            }
            blanks();
            if (!take(':')) {
                return false;
            }
            blanks();
        }
        return true;
    }

    bool scalar()
    {
        return now() == '"'
                   ? string()
                   : take("true") || take("false") || take("null") || number();
    }

    bool digits()
    {
        const size_t from = at_;
        while (is_digit(now())) {
            at_++;
        }
        return at_ > from;
    }

    bool number()
    {
        take('-');
        if (!take('0') && !digits()) {
            return false;
        }
        if (take('.') && !digits()) {
            return false;
        }
        if (take('e') || take('E')) {
            if (!take('+')) {
                take('-');
            }
            return digits();
        }
        return true;
    }

    bool hex()
    {
        const size_t from = at_;
        while (at_ - from < 4 && is_hex(now())) {
            at_++;
        }
        return at_ - from == 4;
    }

    bool escape()
    {
        if (take('u')) {
            return hex();
        }
        const bool is =
            now() != '\0' && std::string_view("\"\\/bfnrt").find(now()) !=
                                 std::string_view::npos;
        at_ += is ? 1 : 0;
        return is;
    }

    bool string()
    {
        if (!take('"')) {
            return false;
        }
        while (!take('"')) {
            if (static_cast<uint8_t>(now()) < 0x20) {
                return false; // also the end of the text
            }
            if (text_[at_++] == '\\' && !escape()) {
                return false;
            }
        }
        return true;
    }

    std::string_view text_;
    size_t at_ = 0;
    std::string open_; // what closes each array and object, outermost first
};

} // namespace

std::optional<size_t> json_end(std::string_view text)
{
    return Grammar(text).end();
}

} // namespace ws_pubsub
