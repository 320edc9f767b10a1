// A frame of commands, and each of its lines as one of a batch: whatever is
// read is what it says it is, and what is not read has an error.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/topic.hpp"
#include "base/utf8.hpp"
#include "json/check.hpp"
#include "json/grammar.hpp"
#include "proto/command.hpp"

namespace {

using namespace ws_pubsub;

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

void check_publication(const Command& command)
{
    require(is_topic(command.topic));
    require(command.idempotency_key.size() <= kMaxIdempotencyKeyBytes);
    if (command.kind == PayloadKind::json || command.patch) {
        require(is_json(command.payload));
    }
}

void check(const Command& command)
{
    require(command.id.empty() || is_json(command.id));
    require(command.limit <= kMaxPageItems);
    if (command.op == Op::publish) {
        check_publication(command);
    } else if (command.op != Op::ping && command.op != Op::authenticate) {
        require(Selector::parse(command.topic).has_value());
    }
}

void read_frame(std::string_view text)
{
    CommandReader reader(text);
    for (;;) {
        const std::string_view before = reader.rest();
        const auto kind = reader.next();
        if (kind == CommandReader::Kind::end ||
            kind == CommandReader::Kind::not_an_object) {
            return;
        }
        require(reader.rest().size() < before.size());
        const std::string_view object =
            before.substr(0, before.size() - reader.rest().size());
        require(json_end(object) == object.size());
        if (kind == CommandReader::Kind::command) {
            check(reader.command());
        } else {
            require(!reader.error().message.empty());
        }
    }
}

void read_batch(std::string_view text)
{
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        Command command;
        const auto error = read_publication(text.substr(0, end), command);
        if (!error) {
            check_publication(command);
        } else {
            require(!error->message.empty());
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

} // namespace

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const std::vector<char> copy(data, data + size);
    const std::string_view text(copy.data(), copy.size());
    if (is_utf8(text)) { // others never come from a frame
        read_frame(text);
    }
    read_batch(text);
    return 0;
}
