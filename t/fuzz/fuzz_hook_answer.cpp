// The answer of a hook, whatever a back end makes of it: what is allowed is
// what may be published, and what a client is told is clean text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.hpp"
#include "client/hook_answer.hpp"
#include "json/check.hpp"

namespace {

using namespace ws_pubsub;

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

constexpr unsigned kStatuses[] = {200, 204, 403, 404, 413, 422, 429, 500};
constexpr const char* kTypes[] = {"", "application/json",
                                  "Application/JSON ; charset=utf-8",
                                  "text/plain", "application/octet-stream"};

void check(const HookAnswer& answer, Question::About about, bool is_patch)
{
    const HookReading reading = read_hook_answer(answer, about, is_patch);
    const Verdict& verdict = reading.verdict;
    require(answer.complete || verdict.refusal.has_value());
    require((verdict.refusal && verdict.refusal->code == Errc::unavailable) ==
            !reading.fault.empty());
    const std::string_view message =
        verdict.refusal ? verdict.error().message : std::string_view{};
    require(message.size() <= kMaxHookMessageBytes && is_utf8(message) &&
            message.find('\n') == std::string_view::npos);
    if (verdict.payload) {
        require(!verdict.refusal && about == Question::About::publish &&
                !is_patch && !answer.encoded);
        require(answer.content_type != kTypes[1] ||
                is_json(verdict.payload->text));
    }
}

} // namespace

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const uint8_t flags = data[0];
    HookAnswer answer;
    answer.complete = (flags & 1) == 0;
    answer.encoded = (flags & 2) != 0;
    answer.status = kStatuses[flags >> 2 & 7];
    answer.body = body;
    for (const char* type : kTypes) {
        answer.content_type = type;
        check(answer, Question::About::publish, (flags & 32) != 0);
        check(answer, Question::About::subscribe, false);
    }
    return 0;
}
