#include "redis/snapshot_text.hpp"

#include <algorithm>
#include <charconv>

#include "redis/stream.hpp"

namespace ws_pubsub::redis {

namespace {

std::string line(const StoredSnapshot& one)
{
    if (one.id == 0) {
        return {};
    }
    const auto number = [](uint64_t value) {
        return " " + std::to_string(value);
    };
    return std::to_string(one.id) + " " + text_of(one.position) +
           number(one.nonce) + " " + text_of(one.genesis) + number(one.chunks) +
           number(one.bytes) + number(one.crc) + number(one.format) + "\n";
}

// Takes words from the front of a line; once one is not what it should be it
// has failed.
class Words {
public:
    explicit Words(std::string_view text) : text_(text) {}

    template <class T>
    void number(T& value)
    {
        const std::string_view word = next();
        const char* const end = word.data() + word.size();
        const auto [behind, error] = std::from_chars(word.data(), end, value);
        failed_ = failed_ || error != std::errc() || behind != end;
    }
    void id(LogId& value)
    {
        const std::optional<LogId> found = parse_log_id(next());
        failed_ = failed_ || !found;
        value = found.value_or(LogId{});
    }
    [[nodiscard]] bool failed() const { return failed_; }

private:
    std::string_view next()
    {
        const std::string_view word = text_.substr(0, text_.find(' '));
        text_.remove_prefix(std::min(word.size() + 1, text_.size()));
        return word;
    }

    std::string_view text_;
    bool failed_ = false;
};

StoredSnapshot read_line(std::string_view text)
{
    Words words(text);
    StoredSnapshot one;
    words.number(one.id);
    words.id(one.position);
    words.number(one.nonce);
    words.id(one.genesis);
    words.number(one.chunks);
    words.number(one.bytes);
    words.number(one.crc);
    words.number(one.format);
    return words.failed() ? StoredSnapshot{} : one;
}

} // namespace

std::string snapshot_text(const SnapshotPair& pair)
{
    return line(pair.newest) + line(pair.previous);
}

SnapshotPair read_snapshots(std::string_view text)
{
    const std::string_view first = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(first.size() + 1, text.size()));
    return {read_line(first), read_line(text.substr(0, text.find('\n')))};
}

} // namespace ws_pubsub::redis
