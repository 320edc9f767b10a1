#include "stream/stream_list.hpp"

#include "stream/stream_session.hpp"

namespace ws_pubsub {

void StreamList::end_all() const
{
    for (StreamSession* session : sessions_) {
        session->end_soon();
    }
}

} // namespace ws_pubsub
