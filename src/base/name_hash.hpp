// For hash tables whose names clients choose. That of the standard library has
// a seed that everybody knows, so that names of one bucket can be made.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/keyed_hash.hpp"

namespace ws_pubsub {

struct NameHash {
    using is_transparent = void; // NOLINT: the standard's name

    size_t operator()(std::string_view name) const
    {
        static const HashKey key = random_hash_key(); // one for the process
        return keyed_hash(name, key);
    }
};

} // namespace ws_pubsub
