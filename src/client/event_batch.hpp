// Events as a back end is posted them.
#pragma once

#include <string>

#include "readers/courier.hpp"

namespace ws_pubsub {

// {"events":[…],"first":"epoch.seq","topic":…}: `first` is the position of the
// first event. Before it may come {"event":"gap","from","to"}: those of that
// positions, both included, are lost. REQUIRES: the parcel has events.
[[nodiscard]] std::string event_batch_text(EventTopic topic,
                                           const Parcel& parcel);

} // namespace ws_pubsub
