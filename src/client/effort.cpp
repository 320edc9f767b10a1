#include "client/effort.hpp"

#include "client/client.hpp"

namespace ws_pubsub {

void Effort::resume()
{
    if (is_paused()) {
        pause_ = Pause::resumed;
        client_.link_.go_on_soon();
    }
}

void Effort::go_on_soon()
{
    client_.link_.go_on_soon();
}

bool Effort::begin(Work& work)
{
    const bool done = client_.broker().begin(work);
    if (!done) {
        pause();
    }
    return done;
}

void Effort::cancel(const Work& work)
{
    client_.broker().cancel(work);
}

} // namespace ws_pubsub
