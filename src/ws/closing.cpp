#include "ws/closing.hpp"

#include "base/close_code.hpp"

namespace ws_pubsub {

void Closing::finish()
{
    if (is_open()) {
        code_ = kCloseAbnormal;
    }
    state_ = State::finished;
}

} // namespace ws_pubsub
