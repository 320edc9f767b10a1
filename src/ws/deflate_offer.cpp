// The grammar (RFC 6455 section 9.1, with the list and white space rules of
// RFC 2616 section 2.1):
//
//   extensions = 1#extension                   ; empty elements are allowed
//   extension  = token *( ";" param )
//   param      = token [ "=" ( token | quoted-string ) ]
//
// where a quoted string, once unquoted, must be a token too.
#include "ws/deflate_offer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ws_pubsub {
namespace {

constexpr std::string_view kAnswer =
    "permessage-deflate; server_no_context_takeover; "
    "client_no_context_takeover";
constexpr std::string_view kAnswerWindow = "; server_max_window_bits=15";

// RFC 2616 section 2.2: visible ASCII but separators.
bool is_token_char(char c)
{
    constexpr std::string_view kSeparators = "()<>@,;:\\\"/[]?={}";
    return c > ' ' && c < 0x7F && kSeparators.find(c) == std::string_view::npos;
}

class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }

    void skip_space()
    {
        while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t')) {
            rest_.remove_prefix(1);
        }
    }

    // Takes `c`, if it is next, and the white space around it.
    bool take(char c)
    {
        skip_space();
        if (!rest_.starts_with(c)) {
            return false;
        }
        rest_.remove_prefix(1);
        skip_space();
        return true;
    }

    // Empty when there is no token.
    std::string_view token()
    {
        size_t length = 0;
        while (length < rest_.size() && is_token_char(rest_[length])) {
            ++length;
        }
        const std::string_view found = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return found;
    }

    // A token as it is or quoted. Empty when there is none.
    std::string value()
    {
        return rest_.starts_with('"') ? quoted_token() : std::string(token());
    }

private:
    std::string quoted_token()
    {
        std::string text;
        for (size_t i = 1; i < rest_.size(); ++i) {
            if (rest_[i] == '"') {
                rest_.remove_prefix(i + 1);
                return text;
            }
            if (rest_[i] == '\\' && ++i == rest_.size()) {
                break;
            }
            if (!is_token_char(rest_[i])) {
                break;
            }
            text += rest_[i];
        }
        return {};
    }

    std::string_view rest_;
};

// RFC 7692 section 7.1.2: "8" to "15", no leading zeros. 0 for others.
unsigned window_bits(std::string_view value)
{
    if (value.size() == 1 && (value[0] == '8' || value[0] == '9')) {
        return static_cast<unsigned>(value[0] - '0');
    }
    if (value.size() == 2 && value[0] == '1' && value[1] >= '0' &&
        value[1] <= '5') {
        return 10 + static_cast<unsigned>(value[1] - '0');
    }
    return 0;
}

// One extension of the list, as far as permessage-deflate goes.
class Offer {
public:
    explicit Offer(std::string_view name)
        : acceptable_(name == "permessage-deflate")
    {}

    void add(std::string_view name, const std::optional<std::string>& value)
    {
        acceptable_ = acceptable_ && is_acceptable(name, value);
    }

    [[nodiscard]] bool acceptable() const { return acceptable_; }
    [[nodiscard]] bool names_window() const
    {
        return (seen_ & kServerWindow) != 0;
    }

private:
    enum Param : uint8_t {
        kServerTakeover = 1,
        kClientTakeover = 2,
        kServerWindow = 4,
        kClientWindow = 8,
    };

    bool is_acceptable(std::string_view name,
                       const std::optional<std::string>& value)
    {
        if (name == "server_no_context_takeover") {
            return is_first(kServerTakeover) && !value;
        }
        if (name == "client_no_context_takeover") {
            return is_first(kClientTakeover) && !value;
        }
        if (name == "server_max_window_bits") {
            return is_first(kServerWindow) && value &&
                   window_bits(*value) == 15;
        }
        if (name == "client_max_window_bits") {
            return is_first(kClientWindow) &&
                   (!value || window_bits(*value) != 0);
        }
        return false;
    }

    bool is_first(Param param)
    {
        const bool first = (seen_ & param) == 0;
        seen_ = static_cast<uint8_t>(seen_ | param);
        return first;
    }

    bool acceptable_;
    uint8_t seen_ = 0; // which Params
};

// Nothing when the syntax is wrong.
std::optional<Offer> read_offer(Scanner& scanner)
{
    const std::string_view extension = scanner.token();
    if (extension.empty()) {
        return std::nullopt;
    }
    Offer offer(extension);
    while (scanner.take(';')) {
        const std::string_view name = scanner.token();
        if (name.empty()) {
            return std::nullopt;
        }
        std::optional<std::string> value;
        if (scanner.take('=')) {
            value = scanner.value();
            if (value->empty()) {
                return std::nullopt;
            }
        }
        offer.add(name, value);
    }
    return offer;
}

DeflateAnswer malformed()
{
    DeflateAnswer answer;
    answer.malformed = true;
    return answer;
}

} // namespace

DeflateAnswer answer_deflate_offer(std::string_view extensions)
{
    DeflateAnswer answer;
    Scanner scanner(extensions);
    bool is_empty = true;
    while (true) {
        while (scanner.take(',')) {
        }
        if (scanner.at_end()) {
            break;
        }
        const std::optional<Offer> offer = read_offer(scanner);
        scanner.skip_space();
        if (!offer || !(scanner.at_end() || scanner.take(','))) {
            return malformed();
        }
        is_empty = false;
        if (offer->acceptable() && !answer.accepted) {
            answer.accepted = true;
            answer.header = kAnswer;
            answer.header += offer->names_window() ? kAnswerWindow : "";
        }
    }
    return is_empty ? malformed() : answer;
}

} // namespace ws_pubsub
