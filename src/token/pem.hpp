// Keys of one algorithm, from the text of a file.
#pragma once

#include <string_view>

#include "token/key.hpp"

namespace ws_pubsub {

// HS*: the text is the secret, without the one newline that may end it. All
// others: public keys in PEM, one or more, of which each has to be good.
TokenKeyList read_keys(Algorithm algorithm, std::string_view text);

} // namespace ws_pubsub
