// Lists that shrink as they did grow.
#pragma once

#include <cstddef>
#include <vector>

namespace ws_pubsub {

// To be called when something was removed: a list that was long once has at
// most four times as much memory as it needs, in no time on average.
template <class T>
void shrink_if_empty_enough(std::vector<T>& list)
{
    constexpr size_t kKeptPlaces = 64;
    if (list.capacity() > kKeptPlaces && list.size() < list.capacity() / 4) {
        list.shrink_to_fit();
    }
}

} // namespace ws_pubsub
