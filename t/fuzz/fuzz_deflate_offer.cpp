// Offers of extensions: the answer is one of those that we ever give, and more
// offers behind do not change one that was accepted.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "ws/deflate_offer.hpp"

namespace {

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

} // namespace

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using ws_pubsub::answer_deflate_offer;
    const std::string plain = "permessage-deflate; server_no_context_takeover; "
                              "client_no_context_takeover";
    const std::vector<char> copy(data, data + size);
    const std::string_view offers(copy.data(), copy.size());
    const ws_pubsub::DeflateAnswer answer = answer_deflate_offer(offers);

    require(!(answer.accepted && answer.malformed));
    require(answer.accepted || answer.header.empty());
    require(!answer.accepted || answer.header == plain ||
            answer.header == plain + "; server_max_window_bits=15");
    require(!answer.accepted ||
            offers.find("permessage-deflate") != std::string_view::npos);

    std::string more(offers);
    more += ", permessage-deflate";
    const ws_pubsub::DeflateAnswer again = answer_deflate_offer(more);
    if (answer.accepted) {
        require(again.accepted && again.header == answer.header);
    } else if (!answer.malformed) {
        require(again.accepted && again.header == plain);
    }
    return 0;
}
